#include "front/nbd/reply_queue.h"

#include <algorithm>
#include <span>
#include <utility>

namespace cairn::nbd {

namespace {

// Well below what the kernel takes in one call.
constexpr size_t slices_at_once = 512;

}  // namespace

void ReplyQueue::attach(Buffer payload) {
    pending_.payloads.push_back({pending_.heads.size(), std::move(payload)});
}

void ReplyQueue::commit(uint64_t credit) {
    pending_.credit += credit;
    changed_.notify_one();
}

void ReplyQueue::finish() {
    finished_ = true;
    changed_.notify_one();
}

void ReplyQueue::slice_up(const Batch& batch) {
    slices_.clear();
    const ByteView heads = batch.heads;
    size_t sliced = 0;
    for (const Payload& payload : batch.payloads) {
        if (payload.behind != sliced)
            slices_.push_back(heads.subspan(sliced, payload.behind - sliced));
        sliced = payload.behind;
        slices_.push_back(payload.content.view());
    }
    if (heads.size() != sliced)
        slices_.push_back(heads.subspan(sliced));
}

Task<Result<void>> ReplyQueue::write_slices() {
    std::span<const ByteView> rest = slices_;
    while (!rest.empty()) {
        const size_t count = std::min(rest.size(), slices_at_once);
        CO_TRY(co_await write_all(stream_, rest.first(count)));
        rest = rest.subspan(count);
    }
    co_return Result<void>();
}

Task<void> ReplyQueue::send_all() {
    while (true) {
        while (pending_.heads.empty() && !finished_)
            co_await changed_.wait();
        if (pending_.heads.empty())
            co_return;
        std::swap(pending_, sending_);
        if (!broken_) {
            slice_up(sending_);
            Result<void> sent = co_await write_slices();
            if (!sent) {
                // The reading side ends too: there is no use in requests without answers.
                broken_ = true;
                stream_.close();
            }
        }
        credits_.release(sending_.credit);
        sending_.heads.clear();
        sending_.payloads.clear();
        sending_.credit = 0;
    }
}

}  // namespace cairn::nbd
