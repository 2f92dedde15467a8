#include "sim/seed_plan.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace cairn::sim {

namespace {

Duration up_to(Random& random, Duration most) {
    return {static_cast<int64_t>(random.below(static_cast<uint64_t>(most.nanoseconds)))};
}

// Faults that no protocol above one replica can promise to survive everywhere at once are aimed by
// the nemesis, or out: the metadata log and the chunk store have their own tests for them.
FaultPlan draw_faults(Random& random) {
    FaultPlan plan = FaultPlan::swarm(random);
    plan.disk.read_error = 0;
    plan.disk.write_error = 0;
    plan.disk.sync_error = 0;
    plan.disk.no_space = 0;
    plan.disk.bit_rot = 0;
    plan.disk.misdirected_write = 0;
    plan.host.clock_rate_ppm_max = std::min<uint32_t>(plan.host.clock_rate_ppm_max, 10'000);
    return plan;
}

NemesisPlan draw_nemesis(Random& random, bool power_cuts) {
    NemesisPlan plan;
    const std::array kinds = {
        &NemesisPlan::kill_cs,          &NemesisPlan::kill_mds,     &NemesisPlan::kill_client,
        &NemesisPlan::cut_cs_host,      &NemesisPlan::cut_mds_host, &NemesisPlan::cut_everything,
        &NemesisPlan::partition,        &NemesisPlan::stall,        &NemesisPlan::revoke,
        &NemesisPlan::lose_connections, &NemesisPlan::rot};
    // Half of the seeds have a theme of two kinds, which strike the more often.
    if (random.below(2) == 0) {
        plan.*kinds[random.below(kinds.size())] = true;
        plan.*kinds[random.below(kinds.size())] = true;
    } else {
        for (const auto kind : kinds)
            plan.*kind = random.below(2) == 0;
    }
    if (!power_cuts)
        plan.cut_cs_host = plan.cut_mds_host = plan.cut_everything = false;
    // What power cuts leave may be one good copy; rot would take it.
    if (plan.cut_cs_host || plan.cut_everything)
        plan.rot = false;
    // Rot that nobody has read yet, while the good copies are away, is more than one failure.
    if (plan.rot)
        plan.kill_cs = plan.partition = plan.stall = false;
    plan.gap = milliseconds(500) + up_to(random, seconds(6));
    return plan;
}

void make_narrow(Random& random, SeedPlan& plan) {
    constexpr std::array pauses = {milliseconds(20), milliseconds(60), milliseconds(200)};
    constexpr std::array downs = {milliseconds(300), seconds(2), seconds(6)};
    plan.shape.files = 1;
    plan.shape.blocks_per_file = random.below(2) == 0 ? 6 : 16;
    plan.shape.cs_per_host = random.below(2) == 0 ? 1 : 2;
    plan.shape.clients = 2 + static_cast<uint32_t>(random.below(3));
    plan.shape.lease_timeout = seconds(2 + static_cast<int64_t>(random.below(4)));
    plan.shape.unmark_after = milliseconds(200) + up_to(random, seconds(3));
    if (!plan.nemesis.rot && random.below(3) == 0) {
        plan.shape.offline_timeout = seconds(2 + static_cast<int64_t>(random.below(4)));
        plan.nemesis.outage = true;
    }
    // Where the minimum is the norm, a doubtful replica cannot leave: it is compared.
    constexpr std::array<std::pair<uint8_t, uint8_t>, 5> levels = {
        {{3, 2}, {3, 2}, {3, 3}, {2, 2}, {2, 1}}};
    const auto [norm, least] = levels[random.below(levels.size())];
    plan.shape.replicas_norm = norm;
    plan.shape.replicas_min = least;
    plan.work.operations_per_open = 2 + static_cast<uint32_t>(random.below(10));
    plan.work.pause_max = pauses[random.below(pauses.size())];
    plan.nemesis.gap = milliseconds(150) + up_to(random, milliseconds(1500));
    plan.nemesis.down_most = downs[random.below(downs.size())];
    plan.faults_for = seconds(15);
    // Messages and disks that take their time widen what is under way when a fault strikes.
    if (random.below(2) == 0) {
        plan.faults.network.delay_spike = 50'000 + static_cast<uint32_t>(random.below(250'000));
        plan.faults.network.delay_spike_max = milliseconds(5) + up_to(random, milliseconds(300));
    }
    if (random.below(2) == 0) {
        plan.faults.disk.slow = 20'000 + static_cast<uint32_t>(random.below(200'000));
        const Duration most = random.below(3) == 0 ? seconds(3) : milliseconds(100);
        plan.faults.disk.slow_max = milliseconds(2) + up_to(random, most);
    }
}

void set_some(Random& random, NemesisPlan& plan, std::span<bool NemesisPlan::* const> kinds) {
    for (const auto kind : kinds)
        plan.*kind = random.below(2) == 0;
}

void concentrate(Random& random, SeedPlan& plan, Focus focus) {
    constexpr std::array beside_takeovers = {&NemesisPlan::kill_cs, &NemesisPlan::lose_connections,
                                             &NemesisPlan::partition, &NemesisPlan::stall,
                                             &NemesisPlan::kill_client};
    constexpr std::array beside_comparisons = {&NemesisPlan::kill_cs, &NemesisPlan::kill_client,
                                               &NemesisPlan::cut_everything,
                                               &NemesisPlan::kill_mds};
    constexpr std::array beside_joins = {&NemesisPlan::cut_cs_host, &NemesisPlan::kill_client,
                                         &NemesisPlan::partition};
    constexpr std::array beside_masters = {&NemesisPlan::cut_mds_host, &NemesisPlan::partition,
                                           &NemesisPlan::stall, &NemesisPlan::kill_client};
    constexpr std::array downs = {milliseconds(50), milliseconds(300), seconds(1), seconds(3)};
    const bool outage = plan.nemesis.outage;
    plan.nemesis = NemesisPlan{};
    plan.nemesis.gap = milliseconds(60) + up_to(random, milliseconds(700));
    plan.nemesis.down_most = downs[random.below(downs.size())];
    plan.work.pause_max = milliseconds(20);
    plan.work.operations_per_open = 2 + static_cast<uint32_t>(random.below(6));
    plan.faults_for = seconds(30);
    switch (focus) {
        case Focus::takeovers:
            plan.nemesis.revoke = true;
            // Long enough at one file to miss that it was taken away.
            plan.work.operations_per_open = 5 + static_cast<uint32_t>(random.below(60));
            set_some(random, plan.nemesis, beside_takeovers);
            // Enough files that first writes go on, into what others take for holes.
            if (random.below(2) == 0)
                plan.shape.files = 8;
            // Half of them: servers that answer only one side are declared lost, and one will do.
            if (random.below(2) == 0) {
                plan.nemesis.partition = true;
                plan.shape.offline_timeout = seconds(2);
                plan.shape.replicas_min = 1;
            }
            if (random.below(2) == 0) {
                plan.faults.disk.slow = 300'000;
                plan.faults.disk.slow_max = milliseconds(50) + up_to(random, milliseconds(500));
            }
            break;
        case Focus::comparisons:
            plan.nemesis.cut_cs_host = true;
            plan.shape.replicas_min = plan.shape.replicas_norm;
            set_some(random, plan.nemesis, beside_comparisons);
            break;
        case Focus::joins:
            plan.nemesis.kill_cs = true;
            plan.nemesis.outage = outage;
            plan.shape.unmark_after = milliseconds(100);
            set_some(random, plan.nemesis, beside_joins);
            break;
        case Focus::masters:
            plan.nemesis.kill_mds = true;
            set_some(random, plan.nemesis, beside_masters);
            break;
        case Focus::anything: break;
    }
}

}  // namespace

SeedPlan SeedPlan::draw(uint64_t seed, Random& random, bool power_cuts, Focus focus) {
    SeedPlan plan;
    plan.faults = draw_faults(random);
    plan.nemesis = draw_nemesis(random, power_cuts);
    // What rots is found by readers alone.
    if (Xoshiro(seed ^ 0x5c12b).below(3) == 0)
        plan.shape.verify_chunks = 0;
    Xoshiro trims(seed ^ 0x7219);
    plan.work.trims = trims.below(3) == 0;
    plan.shape.punch_hole = plan.work.trims && trims.below(2) == 0;
    if (Xoshiro(seed ^ 0x57a9e).below(4) == 0)
        plan.shape.staging_bytes = 0;
    const bool replace_mds = focus == Focus::anything && Xoshiro(seed).below(6) == 0;
    plan.nemesis.replace_mds = replace_mds;
    const bool replace_cs = Xoshiro(seed ^ 0x5ca1ab1e).below(4) == 0;
    const bool restore_cs = Xoshiro(seed ^ 0xc0b1e5).below(4) == 0;
    const bool change_attributes = focus == Focus::anything && Xoshiro(seed ^ 0xa77).below(4) == 0;
    const bool fill_cs = focus == Focus::anything && Xoshiro(seed ^ 0xf111ed).below(4) == 0;
    const bool fill_wholly = focus == Focus::anything && Xoshiro(seed ^ 0xd15cf).below(5) == 0;
    // Beside rot, the good replica might be the one that goes.
    plan.nemesis.change_attributes = change_attributes && !plan.nemesis.rot;
    plan.nemesis.replace_cs = replace_cs && !plan.nemesis.rot;
    plan.nemesis.restore_cs = restore_cs && !plan.nemesis.rot;
    plan.nemesis.fill_cs = fill_cs && !plan.nemesis.rot;
    plan.nemesis.fill_wholly = fill_wholly && !plan.nemesis.rot;
    if (focus == Focus::anything && random.below(4) == 0)
        return plan;
    make_narrow(random, plan);
    constexpr std::array foci = {Focus::takeovers, Focus::comparisons, Focus::joins,
                                 Focus::masters};
    if (focus == Focus::anything && random.below(2) == 0)
        focus = foci[random.below(foci.size())];
    if (focus != Focus::anything)
        concentrate(random, plan, focus);
    plan.nemesis.replace_mds = replace_mds;
    plan.nemesis.replace_cs = replace_cs && !plan.nemesis.rot;
    plan.nemesis.restore_cs = restore_cs && !plan.nemesis.rot;
    plan.nemesis.change_attributes = change_attributes && !plan.nemesis.rot;
    plan.nemesis.fill_cs = fill_cs && !plan.nemesis.rot;
    plan.nemesis.fill_wholly = fill_wholly && !plan.nemesis.rot;
    if (!power_cuts)
        plan.nemesis.cut_cs_host = plan.nemesis.cut_mds_host = plan.nemesis.cut_everything = false;
    return plan;
}

}  // namespace cairn::sim
