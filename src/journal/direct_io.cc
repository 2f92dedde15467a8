#include "journal/direct_io.h"

#include <array>
#include <vector>

#include "base/check.h"
#include "base/size.h"

namespace cairn::journal {

namespace {

// A disk that moves less than a block this many times in a row is broken.
constexpr int no_progress_max = 16;

void drop_front(std::vector<ByteView>& slices, uint64_t count) {
    size_t whole = 0;
    while (whole < slices.size() && count >= slices[whole].size()) {
        count -= slices[whole].size();
        whole++;
    }
    slices.erase(slices.begin(), slices.begin() + static_cast<ptrdiff_t>(whole));
    if (count > 0)
        slices.front() = slices.front().subspan(count);
}

uint64_t total_of(std::span<const ByteView> slices) {
    uint64_t total = 0;
    for (const ByteView slice : slices)
        total += slice.size();
    return total;
}

}  // namespace

Task<Result<void>> write_blocks(File& file, uint64_t offset, std::span<const ByteView> slices,
                                Keep keep) {
    const uint64_t total = total_of(slices);
    CHECK(total % block_size == 0 && offset % block_size == 0);
    uint64_t done = 0;
    std::vector<ByteView> rest;  // stays empty unless a write came back short
    int stuck = 0;
    while (done < total) {
        const std::span<const ByteView> now = done == 0 ? slices : std::span<const ByteView>(rest);
        Result<size_t> count = size_t{0};
        if (keep == Keep::durable)
            count = co_await file.write_durable(offset + done, now);
        else
            count = co_await file.write(offset + done, now);
        if (!count)
            co_return count.error();
        const uint64_t whole = align_down(*count, block_size);
        stuck = whole == 0 ? stuck + 1 : 0;
        if (stuck > no_progress_max)
            co_return Error(Code::io_error, "the disk takes nothing");
        if (done == 0 && whole > 0 && whole < total)
            rest.assign(slices.begin(), slices.end());
        done += whole;
        if (done < total && whole > 0)
            drop_front(rest, whole);
    }
    co_return Result<void>();
}

Task<Result<void>> sync_file(File& file) {
    Result<size_t> synced = co_await file.sync();
    if (!synced)
        co_return synced.error();
    co_return Result<void>();
}

Task<Result<void>> read_blocks(File& file, uint64_t offset, MutableByteView into) {
    CHECK(into.size() % block_size == 0 && offset % block_size == 0);
    int stuck = 0;
    while (!into.empty()) {
        Result<size_t> count = co_await file.read(offset, into);
        if (!count)
            co_return count.error();
        if (*count == 0)
            co_return Error(Code::out_of_range, "the file ends before what was to be read");
        const uint64_t whole = align_down(*count, block_size);
        stuck = whole == 0 ? stuck + 1 : 0;
        if (stuck > no_progress_max)
            co_return Error(Code::io_error, "the disk gives nothing");
        offset += whole;
        into = into.subspan(whole);
    }
    co_return Result<void>();
}

}  // namespace cairn::journal
