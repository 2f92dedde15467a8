// The small parts, each against a twin that is too simple to be wrong.
#include <gtest/gtest.h>
#include <map>

#include "raft/log.h"
#include "raft/membership.h"
#include "raft/progress.h"
#include "raft/quorum.h"
#include "raft/random.h"
#include "raft/read_index.h"

namespace cairn::raft {
namespace {

TEST(SplitMix, IsTheSameEverywhere) {
    SplitMix random(42);
    EXPECT_EQ(random.next(), 13679457532755275413ULL);
    EXPECT_EQ(random.next(), 2949826092126892291ULL);
}

// Goes through every value: the highest that more than half have reached.
uint64_t naive_majority(const std::vector<uint64_t>& reached) {
    uint64_t best = 0;
    for (const uint64_t candidate : reached) {
        size_t there = 0;
        for (const uint64_t value : reached)
            there += value >= candidate ? 1 : 0;
        if (2 * there > reached.size())
            best = std::max(best, candidate);
    }
    return best;
}

TEST(Quorum, EqualsTheNaiveCount) {
    SplitMix random(1);
    for (int round = 0; round < 5000; round++) {
        std::vector<uint64_t> reached(random.below(8));
        for (uint64_t& value : reached)
            value = random.below(6);
        EXPECT_EQ(reached_by_majority(reached), naive_majority(reached));
    }
}

TEST(Quorum, VotesEqualTheNaiveCount) {
    SplitMix random(2);
    for (int round = 0; round < 5000; round++) {
        std::vector<MdsId> voters;
        std::map<MdsId, bool> granted;
        size_t yes = 0;
        size_t no = 0;
        for (uint32_t id = 1; id <= 7; id++) {
            const bool votes = random.below(2) == 0;
            const bool grants = random.below(2) == 0;
            const bool is_voter = random.below(2) == 0;
            if (votes)
                granted[MdsId(id)] = grants;
            if (is_voter)
                voters.emplace_back(id);
            yes += is_voter && votes && grants ? 1 : 0;
            no += is_voter && votes && !grants ? 1 : 0;
        }
        VoteResult expected = VoteResult::pending;
        if (2 * yes > voters.size())
            expected = VoteResult::won;
        else if (2 * (voters.size() - no) <= voters.size())
            expected = VoteResult::lost;
        EXPECT_EQ(count_votes(voters, granted), expected);
    }
}

// A log as a plain list from index 1, with a second list for the disk.
struct NaiveLog {
    std::vector<Entry> entries;
    std::vector<Entry> disk;
    uint64_t base = 0;
};

class LogTwin : public testing::Test {
  protected:
    void append() {
        term_ += random_.below(3);
        const Entry entry{Term(1 + term_), log_.last_index().next(), EntryKind::data, {}};
        log_.append(entry);
        naive_.entries.push_back(entry);
    }
    void truncate() {
        const uint64_t least = std::max(naive_.base, committed_);
        if (log_.last_index().number <= least)
            return;
        const uint64_t index = least + 1 + random_.below(log_.last_index().number - least);
        log_.truncate_from(LogIndex(index));
        naive_.entries.resize(index - 1);
        term_++;
    }
    void write() {
        const std::vector<Entry> batch = log_.take_unpersisted();
        const Position last = log_.last();
        // What the world does between the taking of a batch and its end.
        if (random_.below(3) == 0)
            truncate();
        if (random_.below(3) == 0)
            append();
        if (!batch.empty())
            naive_.disk.resize(batch.front().index.number - 1);
        naive_.disk.insert(naive_.disk.end(), batch.begin(), batch.end());
        log_.mark_stable(last);
    }
    void compact() {
        const uint64_t stable = log_.stable().number;
        if (stable <= naive_.base)
            return;
        naive_.base += 1 + random_.below(stable - naive_.base);
        committed_ = std::max(committed_, naive_.base);
        log_.compact(LogIndex(naive_.base));
    }
    void check() {
        ASSERT_EQ(log_.last_index().number, naive_.entries.size());
        ASSERT_EQ(log_.base().index.number, naive_.base);
        for (uint64_t i = naive_.base + 1; i <= naive_.entries.size(); i++)
            ASSERT_EQ(log_.at(LogIndex(i)), naive_.entries[i - 1]);
        ASSERT_EQ(log_.term_at(LogIndex(naive_.entries.size() + 1)), std::nullopt);
        for (uint64_t i = 0; i < log_.stable().number; i++)
            ASSERT_EQ(naive_.disk.at(i), naive_.entries.at(i)) << "believed stable: " << i + 1;
        if (naive_.entries.empty())
            return;
        const uint64_t at = naive_.base + random_.below(naive_.entries.size() - naive_.base + 1);
        const Term term(1 + random_.below(term_ + 2));
        uint64_t expected = at;
        while (expected > naive_.base && naive_.entries[expected - 1].term > term)
            expected--;
        ASSERT_EQ(log_.last_not_above(LogIndex(at), term).index.number, expected);
    }

    SplitMix random_{3};
    Log log_{Position{}};
    NaiveLog naive_;
    uint64_t term_ = 0;
    uint64_t committed_ = 0;
};

TEST_F(LogTwin, EqualsTheNaiveLogAndNeverBelievesTooMuchOnDisk) {
    for (int round = 0; round < 20'000; round++) {
        switch (random_.below(8)) {
            case 0: truncate(); break;
            case 1:
            case 2: write(); break;
            case 3:
                if (random_.below(8) == 0)
                    compact();
                break;
            default: append();
        }
        check();
        if (HasFatalFailure())
            return;
    }
    EXPECT_GT(naive_.base, 100u);
}

TEST(Log, SlicesByBytesButNeverLessThanOneEntry) {
    Log log(Position{});
    for (uint64_t i = 1; i <= 4; i++)
        log.append({Term(1), LogIndex(i), EntryKind::data, Buffer::zeroed(100)});
    const auto count = [&](size_t bytes) {
        return log.slice(LogIndex(2), LogIndex(4), bytes).size();
    };
    EXPECT_EQ(count(0), 1u);
    EXPECT_EQ(count(2 * (100 + entry_overhead_bytes) - 1), 1u);
    EXPECT_EQ(count(2 * (100 + entry_overhead_bytes)), 2u);
    EXPECT_EQ(count(1 << 20), 3u);
}

TEST(Membership, OneChangeIsOneMember) {
    const Member one{MdsId(1), false, {}};
    const Member two{MdsId(2), false, {}};
    const Member two_learns{MdsId(2), true, {}};
    const Member three{MdsId(3), false, {}};
    EXPECT_TRUE(is_single_change({{one, two}}, {{one, two}}));
    EXPECT_TRUE(is_single_change({{one}}, {{one, two}}));
    EXPECT_TRUE(is_single_change({{one, two}}, {{two}}));
    EXPECT_TRUE(is_single_change({{one, two_learns}}, {{one, two}}));
    EXPECT_FALSE(is_single_change({{one, two}}, {{two, three}}));
    EXPECT_FALSE(is_single_change({{one}}, {{one, two, three}}));
    EXPECT_FALSE(is_single_change({{one, two_learns}}, {{one, two, three}}));
}

// Majorities of neighbours overlap: the reason for one change at a time. All pairs over five
// servers.
TEST(Membership, MajoritiesOfNeighboursOverlap) {
    for (unsigned from = 1; from < 32; from++) {
        for (unsigned to = 1; to < 32; to++) {
            if (std::popcount(from ^ to) > 1)
                continue;
            for (unsigned a = 0; a < 32; a++)
                for (unsigned b = 0; b < 32; b++)
                    if (2 * std::popcount(a & from) > std::popcount(from) &&
                        2 * std::popcount(b & to) > std::popcount(to))
                        ASSERT_NE(a & b & (from | to), 0u) << from << " " << to;
        }
    }
}

TEST(Membership, IsValidated) {
    EXPECT_TRUE(validate(Membership{{{MdsId(1), false, {}}, {MdsId(2), true, {}}}}));
    EXPECT_FALSE(validate(Membership{}));
    EXPECT_FALSE(validate(Membership{{{MdsId(1), true, {}}}}));
    EXPECT_FALSE(validate(Membership{{{MdsId(), false, {}}}}));
    EXPECT_FALSE(validate(Membership{{{MdsId(2), false, {}}, {MdsId(1), false, {}}}}));
    EXPECT_FALSE(validate(Membership{{{MdsId(1), false, {}}, {MdsId(1), false, {}}}}));
}

TEST(Membership, HistoryFollowsTheLog) {
    const auto of = [](uint32_t id) {
        return Membership{{{MdsId(id), false, {}}}};
    };
    MembershipHistory history(LogIndex(10), of(1));
    history.append(LogIndex(12), of(2));
    history.append(LogIndex(15), of(3));
    EXPECT_EQ(history.at(LogIndex(10)), of(1));
    EXPECT_EQ(history.at(LogIndex(14)), of(2));
    EXPECT_EQ(history.latest(), of(3));
    history.truncate_from(LogIndex(15));
    EXPECT_EQ(history.latest(), of(2));
    EXPECT_EQ(history.latest_index(), LogIndex(12));
    history.compact(LogIndex(13));
    EXPECT_EQ(history.at(LogIndex(13)), of(2));
    EXPECT_EQ(history.first_index(), LogIndex(12));
    history.reset(LogIndex(20), of(4));
    EXPECT_EQ(history.latest(), of(4));
}

TEST(Inflight, IsBoundedInMessagesAndBytes) {
    Inflight inflight(2, 100);
    inflight.add(LogIndex(1), 10);
    EXPECT_FALSE(inflight.full());
    inflight.add(LogIndex(2), 10);
    EXPECT_TRUE(inflight.full());
    inflight.free_to(LogIndex(1));
    EXPECT_FALSE(inflight.full());
    inflight.add(LogIndex(3), 90);
    EXPECT_TRUE(inflight.full());
    inflight.free_to(LogIndex(3));
    EXPECT_EQ(inflight.bytes(), 0u);
    EXPECT_EQ(inflight.messages(), 0u);
}

TEST(Progress, IgnoresAnswersThatAreOutOfDate) {
    Progress progress(LogIndex(10), 0, 4, 1000);
    EXPECT_FALSE(progress.refused(LogIndex(7), LogIndex(3)));  // not the probe that is out
    EXPECT_TRUE(progress.refused(LogIndex(9), LogIndex(5)));
    EXPECT_EQ(progress.next, LogIndex(6));
    progress.accepted(LogIndex(7), LogIndex(1));
    EXPECT_EQ(progress.pace, Pace::replicate);
    EXPECT_EQ(progress.next, LogIndex(8));
    EXPECT_FALSE(progress.refused(LogIndex(6), LogIndex(2)));  // it is known to hold 7
    progress.next = LogIndex(12);
    EXPECT_TRUE(progress.refused(LogIndex(11), LogIndex(9)));
    EXPECT_EQ(progress.pace, Pace::probe);
    EXPECT_EQ(progress.next, LogIndex(8));
    progress.accepted(LogIndex(3), LogIndex(1));
    EXPECT_EQ(progress.match, LogIndex(7));
}

TEST(ReadQueue, AReadIsConfirmedOnlyByARoundThatBeganAfterIt) {
    ReadQueue reads;
    reads.add(100, LogIndex(5));
    EXPECT_TRUE(reads.needs_round());
    reads.begin_round(1);
    reads.add(101, LogIndex(6));
    EXPECT_EQ(reads.confirm(1), (std::vector<ReadState>{{100, LogIndex(5)}}));
    EXPECT_TRUE(reads.needs_round());
    EXPECT_TRUE(reads.confirm(9).empty());
    reads.begin_round(2);
    reads.add(102, LogIndex(6));
    reads.begin_round(3);
    EXPECT_EQ(reads.confirm(3).size(), 2u);
    reads.add(103, LogIndex(7));
    EXPECT_EQ(reads.refuse_all(), std::vector<uint64_t>{103});
    EXPECT_EQ(reads.size(), 0u);
}

}  // namespace
}  // namespace cairn::raft
