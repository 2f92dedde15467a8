#include "runtime/real/file_lock.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <string_view>

namespace cairn::real {

namespace {

Error held_by_another(const std::string& path, int file) {
    char raw[32];
    const ssize_t size = ::pread(file, raw, sizeof raw, 0);
    const std::string_view text(raw, static_cast<size_t>(std::max<ssize_t>(size, 0)));
    const std::string_view digits = text.substr(0, text.find_first_not_of("0123456789"));
    const std::string holder =
        digits.empty() ? "another process" : fmt::format("process {}", digits);
    return {Code::busy, fmt::format("{}: in use by {}", path, holder)};
}

}  // namespace

Result<std::unique_ptr<FileLock>> RealFileLock::take(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return error_of_errno(errno, path);
    Descriptor descriptor(file);
    struct flock claim{};
    claim.l_type = F_WRLCK;
    claim.l_whence = SEEK_SET;
    if (::fcntl(file, F_OFD_SETLK, &claim) < 0) {
        if (errno == EAGAIN || errno == EACCES)
            return held_by_another(path, file);
        return error_of_errno(errno, path);
    }
    // A full disk must not keep a server from starting: without the number, the lock holds as well.
    const std::string holder = fmt::format("{}\n", ::getpid());
    if (::ftruncate(file, 0) == 0) [[maybe_unused]]
        const ssize_t written = ::pwrite(file, holder.data(), holder.size(), 0);
    return std::unique_ptr<FileLock>(std::make_unique<RealFileLock>(std::move(descriptor)));
}

}  // namespace cairn::real
