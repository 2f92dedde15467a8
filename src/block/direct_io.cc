#include "block/direct_io.h"

#include <array>

#include "base/check.h"
#include "base/size.h"

namespace cairn::block {

namespace {

// A device may move less than a block at a time (its sectors are smaller) but not for ever.
constexpr int attempts_without_progress = 16;

}  // namespace

Task<Result<void>> read_blocks(File& file, uint64_t offset, MutableByteView into) {
    CHECK(offset % block_size == 0 && into.size() % block_size == 0);
    int idle = 0;
    while (!into.empty()) {
        Result<size_t> count = co_await file.read(offset, into);
        if (!count)
            co_return count.error();
        if (*count == 0)
            co_return Error(Code::io_error, "the file ends before what was to be read");
        const size_t blocks = align_down(*count, block_size);
        if (blocks == 0 && ++idle == attempts_without_progress)
            co_return Error(Code::io_error, "reading the file makes no progress");
        offset += blocks;
        into = into.subspan(blocks);
    }
    co_return Result<void>();
}

Task<Result<void>> write_blocks(File& file, uint64_t offset, ByteView bytes, bool durable) {
    CHECK(offset % block_size == 0 && bytes.size() % block_size == 0);
    int idle = 0;
    while (!bytes.empty()) {
        const std::array<ByteView, 1> slices{bytes};
        Result<size_t> count = 0;
        if (durable)
            count = co_await file.write_durable(offset, slices);
        else
            count = co_await file.write(offset, slices);
        if (!count)
            co_return count.error();
        const size_t blocks = align_down(*count, block_size);
        if (blocks == 0 && ++idle == attempts_without_progress)
            co_return Error(Code::io_error, "writing the file makes no progress");
        offset += blocks;
        bytes = bytes.subspan(blocks);
    }
    co_return Result<void>();
}

Task<Result<void>> write_bytes(File& file, uint64_t offset, ByteView bytes, bool durable) {
    while (!bytes.empty()) {
        const std::array<ByteView, 1> slices{bytes};
        Result<size_t> count = 0;
        if (durable)
            count = co_await file.write_durable(offset, slices);
        else
            count = co_await file.write(offset, slices);
        if (!count)
            co_return count.error();
        if (*count == 0)
            co_return Error(Code::io_error, "writing the file makes no progress");
        offset += *count;
        bytes = bytes.subspan(*count);
    }
    co_return Result<void>();
}

}  // namespace cairn::block
