#include "raft/random_run.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace cairn::raft {
namespace {

constexpr size_t servers_max = 6;
constexpr size_t in_flight_max = 300;
constexpr size_t heal_rounds_max = 400;

Config run_config(uint64_t seed, const Rules& rules, SplitMix& random) {
    Config config;
    config.seed = seed;
    config.rules = rules;
    // Small limits, so that windows fill, batches split and proposals are refused.
    config.message_bytes_max = 1 + random.below(200);
    config.inflight_messages_max = static_cast<uint32_t>(1 + random.below(4));
    config.inflight_bytes_max = 1 + random.below(400);
    config.entry_bytes_max = 64;
    config.uncommitted_bytes_max = 64 + random.below(400);
    config.committed_bytes_max = 1 + random.below(200);
    config.pending_reads_max = 4;
    return config;
}

}  // namespace

RandomRun::RandomRun(uint64_t seed, const Rules& rules) : random_(seed) {
    Config config = run_config(seed, rules, random_);
    const size_t voters = 1 + random_.below(5);
    cluster_.add_first(voters, random_.below(2), config);
    while (cluster_.ids().size() < servers_max) {
        config.id = MdsId(static_cast<uint32_t>(cluster_.ids().size() + 1));
        cluster_.add(config, Restored{});
    }
    const auto often = [this] { return random_.below(4) != 0; };
    loses_ = often();
    repeats_ = often();
    partitions_ = often();
    crashes_ = often();
    slow_disks_ = often();
    changes_members_ = often();
    transfers_ = often();
    compacts_ = often();
    for (const MdsId id : cluster_.ids())
        cluster_.server(id).slow_disk = slow_disks_ && random_.below(2) == 0;
}

RunResult RandomRun::run(size_t events) {
    for (size_t i = 0; i < events && cluster_.violation().empty(); i++) {
        random_event();
        if (i % 32 == 0)
            cluster_.watch_all_logs();
    }
    if (cluster_.violation().empty())
        heal();
    cluster_.watch_all_logs();
    result_.violation = cluster_.violation();
    result_.fingerprint = cluster_.fingerprint();
    result_.leaders = cluster_.invariants().leaders();
    result_.committed = cluster_.invariants().committed().number;
    for (const MdsId id : cluster_.ids())
        result_.reads += cluster_.server(id).reads.size();
    return result_;
}

void RandomRun::random_event() {
    const auto network_share = std::min<uint64_t>(60, cluster_.network().size() * 6);
    if (random_.below(100) < network_share)
        return network_event();
    const auto ids = cluster_.ids();
    const MdsId id = ids[random_.below(ids.size())];
    if (!cluster_.streams().empty() && random_.below(4) == 0) {
        const size_t stream = random_.below(cluster_.streams().size());
        const SnapshotStream& taken = cluster_.streams()[stream];
        const bool ok = passes(taken.from, taken.to) && random_.below(4) != 0;
        result_.snapshots += ok ? 1 : 0;
        cluster_.deliver_snapshot(stream, ok);
        return;
    }
    if (partitions_ && random_.below(60) == 0)
        return random_partition();
    if (!cluster_.is_up(id) || (crashes_ && random_.below(40) == 0))
        return crash_or_restart(id);
    server_event(id);
}

void RandomRun::network_event() {
    std::vector<Message>& network = cluster_.network();
    // Mostly in order, sometimes not.
    const size_t chosen = random_.below(3) == 0 ? random_.below(network.size()) : 0;
    const Message message = network[chosen];
    const bool lost = !passes(message.from, message.to) ||
                      (loses_ && random_.below(12) == 0) || network.size() > in_flight_max;
    if (lost) {
        network.erase(network.begin() + static_cast<ptrdiff_t>(chosen));
    } else if (repeats_ && random_.below(12) == 0) {
        cluster_.deliver_copy(message);
    } else {
        cluster_.deliver(chosen);
    }
}

void RandomRun::server_event(MdsId id) {
    if (cluster_.raft(id).is_leader() && random_.below(2) == 0)
        return leader_event(id);
    switch (random_.below(8)) {
        case 0:
        case 1: cluster_.finish_write(id); break;
        case 2:
            if (compacts_ && random_.below(8) == 0)
                cluster_.compact(id, LogIndex(random_.below(
                                         cluster_.raft(id).commit().number + 1)));
            break;
        case 3:
            if (random_.below(20) == 0)
                cluster_.campaign(id);
            break;
        case 4:
            if (random_.below(20) == 0) {
                const auto ids = cluster_.ids();
                cluster_.raft(id).report_unreachable(ids[random_.below(ids.size())]);
                cluster_.settle(id);
            }
            break;
        default: cluster_.tick(id);
    }
}

void RandomRun::leader_event(MdsId id) {
    switch (random_.below(8)) {
        case 0:
            if (changes_members_)
                random_membership(id);
            break;
        case 1: {
            const auto ids = cluster_.ids();
            if (transfers_ && random_.below(6) == 0)
                (void)cluster_.transfer(id, ids[random_.below(ids.size())]);
            break;
        }
        case 2:
        case 3: (void)cluster_.read(id, ++unique_); break;
        default: (void)cluster_.propose(id, fmt::format("v{}", ++unique_));
    }
}

void RandomRun::random_membership(MdsId id) {
    Membership members = cluster_.raft(id).membership();
    const auto ids = cluster_.ids();
    // Two changes at once are refused, and must be.
    for (size_t changes = random_.below(8) == 0 ? 2 : 1; changes > 0; changes--) {
        const MdsId changed = ids[random_.below(ids.size())];
        const bool was_member = members.find(changed) != nullptr;
        std::erase_if(members.members, [&](const Member& old) { return old.id == changed; });
        if (!was_member || random_.below(3) != 0)
            members.members.push_back({changed, random_.below(3) == 0, {}});
    }
    std::ranges::sort(members.members, {}, &Member::id);
    if (cluster_.change_members(id, members))
        result_.memberships++;
}

void RandomRun::random_partition() {
    cut_.clear();
    if (random_.below(3) == 0)
        return;
    const auto ids = cluster_.ids();
    const uint64_t sides = random_.next();
    const bool one_way = random_.below(4) == 0;
    for (size_t from = 0; from < ids.size(); from++)
        for (size_t to = 0; to < ids.size(); to++)
            if ((sides >> from & 1) != (sides >> to & 1) && (!one_way || (sides >> from & 1) != 0))
                cut_.insert({ids[from], ids[to]});
}

void RandomRun::crash_or_restart(MdsId id) {
    if (cluster_.is_up(id))
        cluster_.crash(id, random_.below(6));
    else if (random_.below(4) == 0)
        cluster_.restart(id);
}

// Liveness: with everything up and connected, a leader is found within a few election timeouts, it commits what is
// proposed, and every member applies it.
void RandomRun::heal() {
    cut_.clear();
    for (const MdsId id : cluster_.ids()) {
        cluster_.server(id).slow_disk = false;
        if (!cluster_.is_up(id))
            cluster_.restart(id);
        else
            cluster_.finish_write(id);
    }
    for (size_t round = 0; round < heal_rounds_max; round++)
        if (heal_round() || !cluster_.violation().empty())
            return;
    cluster_.invariants().violate("liveness: healed, and no agreement after many rounds");
}

bool RandomRun::heal_round() {
    for (const MdsId id : cluster_.ids())
        cluster_.tick(id);
    // Bounded: a broken rule may keep messages coming for ever.
    for (size_t left = 2000; left > 0 && !cluster_.network().empty(); left--)
        cluster_.deliver(0);
    while (!cluster_.streams().empty())
        cluster_.deliver_snapshot(0, true);
    const MdsId leader = cluster_.leader();
    if (leader.is_none())
        return false;
    // Agreement on something that was proposed after the healing.
    if (result_.committed == 0) {
        if (const auto position = cluster_.propose(leader, "healed"))
            result_.committed = position->index.number;
        return false;
    }
    if (agreed())
        return true;
    // The proposal may have died with its leader: another try.
    if (cluster_.raft(leader).commit().number >= result_.committed &&
        cluster_.server(leader).state.back().payload.empty())
        result_.committed = 0;
    return false;
}

bool RandomRun::agreed() {
    const MdsId leader = cluster_.leader();
    const std::vector<Entry>& state = cluster_.server(leader).state;
    if (state.empty() || state.back().index < cluster_.raft(leader).log().last_index() ||
        state.back().index.number < result_.committed)
        return false;
    for (const Member& member : cluster_.raft(leader).membership().members)
        if (!(cluster_.server(member.id).state == state))
            return false;
    return true;
}

namespace {

TEST(RandomRuns, SafetyUnderFaultsThenLivenessAfterHealing) {
    RunResult sum;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        const RunResult result = RandomRun(seed, Rules{}).run(2000);
        ASSERT_EQ(result.violation, "") << "seed " << seed;
        sum.leaders += result.leaders;
        sum.committed += result.committed;
        sum.snapshots += result.snapshots;
        sum.reads += result.reads;
        sum.memberships += result.memberships;
    }
    // The runs went where they were meant to go.
    EXPECT_GT(sum.leaders, 500u);
    EXPECT_GT(sum.committed, 5'000u);
    EXPECT_GT(sum.snapshots, 100u);
    EXPECT_GT(sum.reads, 1'000u);
    EXPECT_GT(sum.memberships, 300u);
}

TEST(RandomRuns, ASeedGivesTheSameRunTwice) {
    for (uint64_t seed = 1; seed <= 10; seed++)
        EXPECT_EQ(RandomRun(seed, Rules{}).run(1000).fingerprint,
                  RandomRun(seed, Rules{}).run(1000).fingerprint);
}

}  // namespace
}  // namespace cairn::raft
