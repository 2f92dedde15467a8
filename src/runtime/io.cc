#include "runtime/io.h"

namespace cairn {

namespace {

const char* name_of(IoKind kind) {
    switch (kind) {
        case IoKind::read: return "read";
        case IoKind::write: return "write";
        case IoKind::write_durable: return "durable write";
        case IoKind::sync: return "sync";
        case IoKind::allocate: return "allocate";
        case IoKind::punch_hole: return "punch hole";
        case IoKind::truncate: return "truncate";
    }
    return "operation";
}

}  // namespace

Result<size_t> IoOperation::await_resume() {
    if (result_ < 0)
        return error_of_errno(static_cast<int>(-result_), name_of(kind_));
    return static_cast<size_t>(result_);
}

}  // namespace cairn
