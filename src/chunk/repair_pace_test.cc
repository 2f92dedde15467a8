#include "chunk/repair_pace.h"

#include <gtest/gtest.h>

namespace cairn::chunk {
namespace {

// A machine of one device: it moves so many bytes a second; what repair takes of it makes clients
// wait in proportion.
class Machine {
  public:
    explicit Machine(uint64_t requests_per_second) : requests_(requests_per_second) {}

    // Copies for so long; the bytes that were copied.
    uint64_t copy(Duration duration) {
        const Instant end = now_ + duration;
        uint64_t copied = 0;
        while (now_ < end) {
            let_time_pass(pace.turn(load_, now_) - now_, 0);
            pace.take(bytes_at_once, now_);
            const Duration took{static_cast<int64_t>(bytes_at_once * 1'000'000'000 / capacity)};
            let_time_pass(took, bytes_at_once);
            copied += bytes_at_once;
        }
        return copied;
    }

    RepairPace pace;
    uint64_t slowest_us = 0;  // mean latency of the last step
    static constexpr uint64_t capacity = gib;

  private:
    static constexpr uint64_t bytes_at_once = mib;

    // Clients wait longer by the share that repair had of the last 100 ms.
    void let_time_pass(Duration duration, uint64_t bytes) {
        now_ = now_ + duration;
        share_bytes_ += bytes;
        if (now_ - share_since_ > milliseconds(20)) {
            const auto passed = static_cast<uint64_t>((now_ - share_since_).microseconds());
            const uint64_t share = share_bytes_ * 1'000'000 / passed * 1000 / capacity;  // permille
            slowest_us = 300 + 900 * std::min<uint64_t>(share, 1000) / 1000;
            const uint64_t requests = requests_ * passed / 1'000'000;
            load_.requests += requests;
            load_.latency_sum_us += requests * slowest_us;
            share_since_ = now_;
            share_bytes_ = 0;
        }
    }

    uint64_t requests_;
    Instant now_ = Instant{} + seconds(100);
    Instant share_since_ = now_;
    uint64_t share_bytes_ = 0;
    ClientLoad load_;
};

TEST(RepairPaceTest, AnIdleMachineIsUsedFully) {
    Machine machine(0);
    machine.copy(seconds(2));
    EXPECT_GT(machine.copy(seconds(4)), 4 * Machine::capacity * 9 / 10);
}

TEST(RepairPaceTest, ClientsComeFirstAndRepairGoesOn) {
    Machine machine(5000);
    machine.copy(seconds(5));
    const uint64_t copied = machine.copy(seconds(20));
    EXPECT_LT(machine.slowest_us, 300 * 2) << "clients wait twice as long at most";
    EXPECT_GT(copied, 20 * Machine::capacity / 10) << "and repair has a share";
}

TEST(RepairPaceTest, MovesLittleAtOnceWhereClientsAre) {
    RepairPace pace;
    ClientLoad load;
    Instant now = Instant{} + seconds(10);
    const auto pass = [&](uint64_t requests) {
        load.requests += requests;
        load.latency_sum_us += requests * 100;
        now = now + milliseconds(150);
        static_cast<void>(pace.turn(load, now));
        return pace.at_once();
    };
    EXPECT_EQ(pass(10), RepairPace::least_at_once);
    EXPECT_EQ(pass(0), RepairPace::most_at_once);
    EXPECT_EQ(pass(1), RepairPace::least_at_once);
}

TEST(RepairPaceTest, ALimitHolds) {
    Machine machine(0);
    machine.pace.set_limit(50 * mib, Instant());
    machine.copy(seconds(1));
    EXPECT_NEAR(static_cast<double>(machine.copy(seconds(10))), 500.0 * mib, 5.0 * mib);
}

TEST(RepairPaceTest, NothingIsSavedUpInAPause) {
    RepairPace pace;
    Instant now = Instant{} + seconds(100);
    pace.set_limit(100 * mib, now);
    EXPECT_EQ(pace.turn({}, now), now);
    pace.take(mib, now);
    now = now + seconds(60);
    int at_once = 0;
    for (; pace.turn({}, now) == now; at_once++)
        pace.take(mib, now);
    EXPECT_EQ(at_once, 1);
}

}  // namespace
}  // namespace cairn::chunk
