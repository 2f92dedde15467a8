#include "meta/node/segment_pool.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "base/buffer.h"
#include "base/size.h"

namespace cairn::meta {

namespace {

constexpr size_t spares_max = 2;
constexpr uint64_t zero_slice = 1 * mib;
constexpr Duration retry_pause = seconds(1);

}  // namespace

std::string SegmentPool::next_path() {
    return fmt::format("{}/spare.{}", directory_, next_++);
}

// A disk that was found full is asked how much room there is, before it is filled once more.
Task<Result<std::string>> SegmentPool::make(uint64_t size) {
    if (no_space_) {
        const Result<DiskSpace> space = runtime_.disk.space(directory_);
        if (space && space->free < size)
            co_return *no_space_;
    }
    Result<std::string> path = co_await write_zeros(size);
    no_space_.reset();
    if (path.code() == Code::no_space)
        no_space_ = path.error();
    co_return path;
}

Task<Result<std::string>> SegmentPool::write_zeros(uint64_t size) {
    const std::string path = next_path();
    auto file = co_await runtime_.disk.open(
        path, {.write = true, .create = true, .exclusive = true, .caching = Caching::direct});
    if (!file)
        co_return file.error().with_context(path);
    const Buffer zeros = Buffer::zeroed(std::min(size, zero_slice));
    uint64_t offset = 0;
    Result<size_t> done = size_t{0};
    while (offset < size) {
        const std::array<ByteView, 1> slices{
            zeros.view().first(std::min<uint64_t>(zeros.size(), size - offset))};
        done = co_await (*file)->write(offset, slices);
        if (!done)
            break;
        offset += *done;
    }
    if (done)
        done = co_await (*file)->sync();
    if (done)
        co_return path;
    // What it took goes back to the disk, which may be full.
    static_cast<void>(co_await runtime_.disk.remove(path));
    co_return done.error().with_context(path);
}

Task<Result<std::string>> SegmentPool::take(uint64_t size) {
    const Mutex::Guard guard = co_await making_.lock();
    if (size <= segment_size_ && !spares_.empty()) {
        std::string path = std::move(spares_.back());
        spares_.pop_back();
        taken_.notify_all();
        co_return path;
    }
    co_return co_await make(std::max(size, segment_size_));
}

Task<Result<void>> SegmentPool::give(std::string path) {
    const Mutex::Guard guard = co_await making_.lock();
    if (spares_.size() >= spares_max)
        co_return co_await runtime_.disk.remove(std::move(path));
    const std::string spare = next_path();
    CO_TRY(co_await runtime_.disk.rename(std::move(path), spare));
    spares_.push_back(spare);
    co_return Result<void>();
}

Task<void> SegmentPool::refill(cairn::Event& stop) {
    bool warned = false;
    while (!stop.is_set()) {
        if (!spares_.empty()) {
            co_await taken_.wait();
            continue;
        }
        Result<void> made;
        {
            const Mutex::Guard guard = co_await making_.lock();
            if (spares_.empty()) {
                Result<std::string> path = co_await make(segment_size_);
                if (path)
                    spares_.push_back(*path);
                else
                    made = path.error();
            }
        }
        if (made) {
            warned = false;
            continue;
        }
        if (!warned)
            runtime_.log.write(
                Severity::warning, "mds",
                "no new segment of the log can be made ready: " + made.error().message());
        warned = true;
        co_await stop.wait_until(runtime_.loop.now() + retry_pause);
    }
}

}  // namespace cairn::meta
