#include "block/range_lock.h"

#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "base/size.h"
#include "block/testing.h"
#include "runtime/random.h"
#include "runtime/wait.h"

namespace cairn::block {
namespace {

// What RangeClaims must do, in the plainest words: look at everything each time.
class NaiveClaims {
  public:
    struct Claim {
        int id;
        uint64_t first, end;
        bool exclusive;
    };
    void enter(Claim claim) { queue_.push_back(claim); }
    void leave(int id) {
        std::erase_if(queue_, [id](const Claim& claim) { return claim.id == id; });
    }
    [[nodiscard]] bool granted(int id) const {
        size_t mine = 0;
        while (queue_[mine].id != id)
            mine++;
        for (size_t i = 0; i < mine; i++) {
            if (queue_[i].first < queue_[mine].end && queue_[mine].first < queue_[i].end &&
                (queue_[i].exclusive || queue_[mine].exclusive))
                return false;
        }
        return true;
    }
    [[nodiscard]] const std::deque<Claim>& queue() const { return queue_; }

  private:
    std::deque<Claim> queue_;
};

TEST(RangeClaims, AgreesWithTheNaiveTwin) {
    Xoshiro generator(7);
    RangeClaims claims;
    NaiveClaims naive;
    std::vector<std::pair<int, std::unique_ptr<RangeClaim>>> live;
    for (int step = 0; step < 20'000; step++) {
        if (live.size() < 12 && generator.below(2) == 0) {
            const uint64_t first = generator.below(24);
            const uint64_t blocks = 1 + generator.below(4);
            const bool exclusive = generator.below(3) == 0;
            // Bytes within the blocks, never all of them: touching is what counts.
            live.emplace_back(step, std::make_unique<RangeClaim>(
                                        first * block_size + 100, blocks * block_size - 200,
                                        exclusive ? Access::exclusive : Access::shared));
            claims.enter(*live.back().second);
            naive.enter({step, first, first + blocks, exclusive});
        } else if (!live.empty()) {
            const size_t index = generator.below(live.size());
            if (!naive.granted(live[index].first) && generator.below(4) != 0)
                continue;  // one that still waits leaves too, but rarely
            std::vector<const RangeClaim*> woken;
            std::vector<const RangeClaim*> expected;
            std::vector<bool> before;
            for (const auto& [id, claim] : live)
                before.push_back(naive.granted(id));
            naive.leave(live[index].first);
            for (size_t i = 0; i < live.size(); i++) {
                if (i != index && !before[i] && naive.granted(live[i].first))
                    expected.push_back(live[i].second.get());
            }
            claims.leave(*live[index].second,
                         [&woken](RangeClaim& claim) { woken.push_back(&claim); });
            EXPECT_EQ(woken, expected);
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(index));
        }
        for (const auto& [id, claim] : live)
            ASSERT_EQ(claim->granted(), naive.granted(id)) << "step " << step;
        ASSERT_EQ(claims.size(), live.size());
    }
    for (auto& [id, claim] : live)
        claims.leave(*claim, [](RangeClaim&) {});
}

TEST(RangeClaims, ARequestForNothingWaitsForNobody) {
    RangeClaims claims;
    RangeClaim write(0, 100 * block_size, Access::exclusive);
    RangeClaim nothing(50 * block_size, 0, Access::exclusive);
    claims.enter(write);
    claims.enter(nothing);
    EXPECT_TRUE(nothing.granted());
    claims.leave(nothing, [](RangeClaim&) { FAIL(); });
    claims.leave(write, [](RangeClaim&) { FAIL(); });
}

Task<void> use(Loop& loop, RangeLock& lock, uint64_t offset, uint64_t length, Access access,
               std::string name, std::vector<std::string>& notes) {
    RangeLock::Hold hold(lock, offset, length, access);
    co_await hold.granted();
    notes.push_back("+" + name);
    co_await Sleep(loop, seconds(1));
    notes.push_back("-" + name);
}

TEST(RangeLock, OverlappingRequestsGoInOrderAndOthersBesideThem) {
    Loop loop;
    Scope scope(loop);
    RangeLock lock(loop);
    std::vector<std::string> notes;
    scope.spawn(use(loop, lock, 0, 4096, Access::shared, "r1", notes));
    scope.spawn(use(loop, lock, 4095, 2, Access::exclusive, "w1", notes));  // blocks 0 and 1
    scope.spawn(use(loop, lock, 10, 10, Access::shared, "r2", notes));      // behind w1, not r1
    scope.spawn(use(loop, lock, 8192, 4096, Access::exclusive, "w2", notes));
    run_until_idle(loop);
    EXPECT_EQ(notes,
              (std::vector<std::string>{"+r1", "+w2", "-r1", "-w2", "+w1", "-w1", "+r2", "-r2"}));
    EXPECT_EQ(lock.size(), 0u);
}

TEST(RangeLock, DroppingWaitersOfAKilledProcessIsSafe) {
    Loop loop;
    std::vector<std::string> notes;
    RangeLock lock(loop);
    {
        Scope scope(loop);
        scope.spawn(use(loop, lock, 0, 4096, Access::exclusive, "w1", notes));
        scope.spawn(use(loop, lock, 0, 4096, Access::exclusive, "w2", notes));
        scope.spawn(use(loop, lock, 0, 4096, Access::shared, "r1", notes));
        loop.run_turn();
        EXPECT_EQ(lock.size(), 3u);
        loop.abandon();
    }
    EXPECT_EQ(lock.size(), 0u);
    EXPECT_EQ(notes, (std::vector<std::string>{"+w1"}));
}

}  // namespace
}  // namespace cairn::block
