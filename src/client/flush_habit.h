// FlushHabit: whether the next flush will come right after this write, judged by how it was so far.
// Many programs (databases, journals of file systems) flush after each write; for them one message
// that asks for both costs half of two. Guessing wrong costs a sync that nobody asked for, and only
// until the habit is seen to have ended. Pure; belongs to an open file.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cairn::client {

class FlushHabit {
  public:
    // A write begins; says whether a flush will probably follow it, or at most one more write.
    [[nodiscard]] bool flush_follows() {
        writes_++;
        return near_ == near_enough && writes_ <= writes_max;
    }
    void flushed() {
        if (writes_ == 0)
            return;
        near_ = writes_ <= writes_max ? std::min(near_ + 1, near_enough) : 0;
        writes_ = 0;
    }

  private:
    // With more writes to a flush, their own syncs cost more than the message that is spared.
    static constexpr uint32_t writes_max = 2;
    static constexpr uint32_t near_enough = 4;

    uint32_t writes_ = 0;  // since the last flush
    uint32_t near_ = 0;    // flushes in a row that came after a few writes; near_enough at most
};

}  // namespace cairn::client
