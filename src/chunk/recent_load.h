// RecentLoad: the average queue depth, and how much of the time there was a queue at all, over the
// last seconds, from stretches of time of any lengths. Owned by a chunk server's counters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn::chunk {

class RecentLoad {
  public:
    // What was summed up since the last call: request-microseconds, and microseconds with a
    // request.
    void add(int64_t passed_us, int64_t depth_us, int64_t busy_us) {
        stretches_[next_] = {passed_us, depth_us, busy_us};
        next_ = (next_ + 1) % stretches_.size();
    }
    [[nodiscard]] uint32_t depth_tenths() const {
        const Stretch sum = recent();
        return sum.passed_us == 0 ? 0 : static_cast<uint32_t>(sum.depth_us * 10 / sum.passed_us);
    }
    [[nodiscard]] uint32_t busy_percent() const {
        const Stretch sum = recent();
        return sum.passed_us == 0 ? 0 : static_cast<uint32_t>(sum.busy_us * 100 / sum.passed_us);
    }

  private:
    static constexpr int64_t looked_back_us = 5'000'000;
    struct Stretch {
        int64_t passed_us = 0;
        int64_t depth_us = 0;
        int64_t busy_us = 0;
    };
    // The newest ones, until they make up the time; fewer where they are very short.
    [[nodiscard]] Stretch recent() const {
        Stretch sum;
        for (size_t i = 1; i <= stretches_.size() && sum.passed_us < looked_back_us; i++) {
            const Stretch& one = stretches_[(next_ + stretches_.size() - i) % stretches_.size()];
            sum.passed_us += one.passed_us;
            sum.depth_us += one.depth_us;
            sum.busy_us += one.busy_us;
        }
        return sum;
    }

    std::array<Stretch, 16> stretches_{};
    size_t next_ = 0;
};

}  // namespace cairn::chunk
