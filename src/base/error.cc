#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace cairn {

std::string_view name_of(Code code) {
    switch (code) {
        case Code::ok: return "ok";
        case Code::invalid_argument: return "invalid_argument";
        case Code::not_found: return "not_found";
        case Code::already_exists: return "already_exists";
        case Code::permission_denied: return "permission_denied";
        case Code::not_supported: return "not_supported";
        case Code::out_of_range: return "out_of_range";
        case Code::not_a_directory: return "not_a_directory";
        case Code::is_a_directory: return "is_a_directory";
        case Code::not_empty: return "not_empty";
        case Code::busy: return "busy";
        case Code::read_only: return "read_only";
        case Code::io_error: return "io_error";
        case Code::no_space: return "no_space";
        case Code::corrupt: return "corrupt";
        case Code::unavailable: return "unavailable";
        case Code::timed_out: return "timed_out";
        case Code::connection_lost: return "connection_lost";
        case Code::cancelled: return "cancelled";
        case Code::authentication_failed: return "authentication_failed";
        case Code::version_mismatch: return "version_mismatch";
        case Code::too_large: return "too_large";
        case Code::overloaded: return "overloaded";
        case Code::not_master: return "not_master";
        case Code::stale_map: return "stale_map";
        case Code::lease_lost: return "lease_lost";
        case Code::blocked: return "blocked";
        case Code::not_admitted: return "not_admitted";
        case Code::wrong_cluster: return "wrong_cluster";
        case Code::behind: return "behind";
        case Code::replica_lost: return "replica_lost";
        case Code::instance_fenced: return "instance_fenced";
        case Code::retry: return "retry";
    }
    return "unknown_error";
}

Error Error::with_context(std::string_view context) const {
    std::string text;
    text.reserve(context.size() + 2 + message_.size());
    text.append(context).append(": ").append(message_);
    return {code_, std::move(text)};
}

Code code_of_errno(int errno_value) {
    switch (errno_value) {
        case ENOENT: return Code::not_found;
        case EEXIST: return Code::already_exists;
        case EACCES:
        case EPERM: return Code::permission_denied;
        case ENOTDIR: return Code::not_a_directory;
        case EISDIR: return Code::is_a_directory;
        case ENOTEMPTY: return Code::not_empty;
        case EBUSY:
        case EADDRINUSE:
        case EWOULDBLOCK: return Code::busy;
        case EROFS: return Code::read_only;
        case ENOSPC:
        case EDQUOT: return Code::no_space;
        case EINVAL: return Code::invalid_argument;
        case EOPNOTSUPP:
        case ENOSYS: return Code::not_supported;
        case ECONNRESET:
        case EPIPE:
        case ENOTCONN:
        case ECONNABORTED: return Code::connection_lost;
        case ECONNREFUSED:
        case ENETUNREACH:
        case EHOSTUNREACH:
        case EADDRNOTAVAIL: return Code::unavailable;
        case ETIMEDOUT: return Code::timed_out;
        case ECANCELED: return Code::cancelled;
        case EFBIG:
        case E2BIG: return Code::too_large;
        case ENOMEM:
        case EMFILE:
        case ENFILE: return Code::overloaded;
        default: return Code::io_error;
    }
}

Error error_of_errno(int errno_value, std::string_view what) {
    return Error(code_of_errno(errno_value), std::generic_category().message(errno_value))
        .with_context(what);
}

int errno_of_code(Code code) {
    switch (code) {
        case Code::ok: return 0;
        case Code::invalid_argument: return EINVAL;
        case Code::not_found: return ENOENT;
        case Code::already_exists: return EEXIST;
        case Code::permission_denied:
        case Code::authentication_failed: return EPERM;
        case Code::not_supported: return EOPNOTSUPP;
        case Code::out_of_range: return EINVAL;
        case Code::not_a_directory: return ENOTDIR;
        case Code::is_a_directory: return EISDIR;
        case Code::not_empty: return ENOTEMPTY;
        case Code::busy: return EBUSY;
        case Code::read_only: return EROFS;
        case Code::no_space: return ENOSPC;
        case Code::too_large: return EFBIG;
        case Code::timed_out: return ETIMEDOUT;
        case Code::overloaded: return ENOMEM;
        default: return EIO;
    }
}

}  // namespace cairn
