#include "chunk/store_twin_for_test.h"

#include <array>
#include <gtest/gtest.h>

namespace cairn::chunk::test {

namespace {

// Sizes so small that every limit is met.
DriverOptions small_options(Random& random) {
    DriverOptions options;
    options.store.path = "/cs";
    options.store.pending_bytes_max = (8 + random.below(64)) * block_size;
    options.store.table_pages_clean_max = static_cast<uint32_t>(1 + random.below(4));
    options.store.table_pages_dirty_max = static_cast<uint32_t>(2 + random.below(16));
    options.store.placed_write_min = static_cast<uint32_t>(1 + random.below(6));
    options.store.placed_blocks_max = static_cast<uint32_t>(8 + random.below(64));
    options.store.zero_ranges_max = static_cast<uint32_t>(1 + random.below(8));
    options.store.open_files_max = static_cast<uint32_t>(1 + random.below(3));
    // None, one that is often full, one that never is.
    options.store.staging_bytes =
        std::array<uint64_t, 3>{0, (8 + random.below(64)) * kib, 512 * kib}[random.below(3)];
    options.store.margin_bytes = 64 * kib;
    options.store.apply_delay = milliseconds(static_cast<int64_t>(1 + random.below(30)));
    options.store.checkpoint_delay = milliseconds(static_cast<int64_t>(5 + random.below(100)));
    options.store.no_space_retry = milliseconds(5);
    options.store.parallel_io = static_cast<uint32_t>(1 + random.below(4));
    options.journal_size = random.below(2) == 0 ? 64 * kib : (64 + random.below(192)) / 4 * 4 * kib;
    options.chunk_size = random.below(2) == 0 ? 64 * kib : 2 * mib;
    options.workers = static_cast<uint32_t>(1 + random.below(4));
    options.operations = static_cast<uint32_t>(20 + random.below(60));
    return options;
}

uint64_t only_seed() {
    return static_cast<uint64_t>(GTEST_FLAG_GET(random_seed));
}

void watch(sim::World& world) {
    if (only_seed() == 0)
        return;
    world.set_trace([](std::string_view line) { GTEST_LOG_(INFO) << line; });
}

}  // namespace

void with_harmless_faults(Scenario& scenario, Random& random) {
    sim::DiskFaults& disk = scenario.faults.disk;
    disk.cut_loss = static_cast<uint32_t>(random.below(1'000'001));
    disk.cut_tear = static_cast<uint32_t>(random.below(1'000'001));
    disk.cut_undo = static_cast<uint32_t>(random.below(1'000'001));
    disk.short_read = random.below(2) == 0 ? 100'000 : 0;
    disk.short_write = random.below(2) == 0 ? 100'000 : 0;
    disk.slow = random.below(2) == 0 ? 50'000 : 0;
    disk.slow_max = milliseconds(20);
    disk.late_write = random.below(2) == 0 ? 500'000 : 0;
    scenario.forget_share = random.below(4) == 0 ? 50 : 0;
}

Twin::Twin(uint64_t seed, const Adjust& adjust) : world_(seed) {
    scenario_.options = small_options(world_.random());
    adjust(scenario_, world_.random());
    world_.set_faults(scenario_.faults);
    watch(world_);
    machine_ = &world_.add_host({.name = "a",
                                 .addresses = {"10.0.0.1"},
                                 .disks = {{.mount = "/", .capacity = scenario_.disk}}});
    driver_ = std::make_unique<Driver>(model_, scenario_.options, world_.random());
}

const std::vector<std::string>& Twin::run() {
    Since since = Since::unknown;
    for (uint32_t life = 0; life < scenario_.lives && model_.failures.empty(); life++) {
        if (life + 1 == scenario_.lives)
            world_.heal();
        since = live(since, life);
    }
    return model_.failures;
}

void Twin::run_until_its_end(uint32_t number) {
    const uint64_t before = world_.events();
    if (number < scenario_.life_events.size()) {
        const uint64_t end = before + scenario_.life_events[number];
        static_cast<void>(
            world_.run_until([&] { return world_.events() >= end; }, scenario_.life_max));
    } else {
        // Sometimes in the middle of recovery, sometimes long after all is done.
        const auto longest = static_cast<uint64_t>(scenario_.life_max.microseconds());
        const uint64_t scale = world_.random().below(3) == 0 ? longest / 20 : longest;
        world_.run_for(microseconds(static_cast<int64_t>(world_.random().below(scale))));
    }
    events_of_last_life_ = world_.events() - before;
}

Since Twin::live(Since since, uint32_t number) {
    driver_->begin_life();
    sim::Process& process = world_.start(
        *machine_, "cs", [&](Runtime& runtime) { return driver_->run(runtime, since); });
    run_until_its_end(number);
    const bool kill = world_.random().below(100) < scenario_.kill_share;
    if (kill) {
        world_.kill(process);
        driver_->memory_forgotten = world_.random().below(100) < scenario_.forget_share;
        if (driver_->memory_forgotten)
            machine_->forget_shared_memory();
    } else {
        world_.cut_power(*machine_);
        world_.power_on(*machine_);
    }
    // A life that did not get as far as comparing leaves what was before it as open as it was.
    if (!driver_->settled && since == Since::unknown)
        return since;
    if (driver_->stopped)
        return Since::stop;
    const bool cut_before = !driver_->settled && since == Since::power_cut;
    return kill && !cut_before && !driver_->store_failed ? Since::kill : Since::power_cut;
}

Totals run_seeds(uint64_t count, const Adjust& adjust) {
    Totals totals;
    const uint64_t only = only_seed();
    const uint64_t last = only != 0 ? only : count;
    for (uint64_t seed = only != 0 ? only : 1; seed <= last; seed++) {
        Twin twin(seed, adjust);
        for (const std::string& failure : twin.run())
            ADD_FAILURE() << "seed " << seed << ": " << failure;
        totals.opened += twin.driver().opened;
        totals.failures += twin.driver().failures;
        totals.refused += twin.driver().refused_for_space;
        totals.bad_blocks += twin.driver().bad_blocks;
        totals.placed_bytes += twin.driver().placed_bytes;
        totals.moved_slices += twin.driver().moved_slices;
        for (const auto& [name, hits] : twin.world().probes())
            totals.probes[name] += hits;
        if (testing::Test::HasFailure())
            break;
    }
    return totals;
}

}  // namespace cairn::chunk::test
