// The store against its naive twin: random operations by several workers, cut short by kills and
// power cuts at random moments, with every kind of trouble a disk can make.
#include <functional>
#include <gtest/gtest.h>
#include <iostream>

#include "chunk/store_driver_for_test.h"

namespace cairn::chunk::test {
namespace {

struct Scenario {
    sim::FaultPlan faults = sim::FaultPlan::none();
    DriverOptions options;
    uint32_t lives = 4;
    uint64_t disk = 16 * mib;
    uint32_t kill_share = 50;  // of the ends of a life, in percent: kill, else power cut
    Duration life_max = milliseconds(100);
};

// Sizes so small that every limit is met.
DriverOptions small_options(Random& random) {
    DriverOptions options;
    options.store.path = "/cs";
    options.store.pending_bytes_max = (8 + random.below(64)) * block_size;
    options.store.table_pages_clean_max = static_cast<uint32_t>(1 + random.below(4));
    options.store.table_pages_dirty_max = static_cast<uint32_t>(2 + random.below(16));
    options.store.zero_ranges_max = static_cast<uint32_t>(1 + random.below(8));
    options.store.open_files_max = static_cast<uint32_t>(1 + random.below(3));
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

// --gtest_random_seed=N runs that seed alone and prints its trace.
uint64_t only_seed() {
    return static_cast<uint64_t>(GTEST_FLAG_GET(random_seed));
}

void watch(sim::World& world) {
    if (only_seed() == 0)
        return;
    world.set_trace([](std::string_view line) { std::cerr << line << '\n'; });
    world.set_log([](std::string_view who, Severity, std::string_view, std::string_view text) {
        std::cerr << who << " says: " << text << '\n';
    });
}

class Twin {
  public:
    Twin(uint64_t seed, const std::function<void(Scenario&, Random&)>& adjust)
        : world_(seed), seed_(seed) {
        scenario_.options = small_options(world_.random());
        adjust(scenario_, world_.random());
        world_.set_faults(scenario_.faults);
        watch(world_);
        machine_ = &world_.add_host({.name = "a",
                                     .addresses = {"10.0.0.1"},
                                     .disks = {{.mount = "/", .capacity = scenario_.disk}}});
        driver_ = std::make_unique<Driver>(model_, scenario_.options, world_.random());
    }

    void run() {
        Since since = Since::unknown;
        for (uint32_t life = 0; life < scenario_.lives && model_.failures.empty(); life++) {
            if (life + 1 == scenario_.lives)
                world_.heal();
            since = live(since);
        }
        for (const std::string& failure : model_.failures)
            ADD_FAILURE() << "seed " << seed_ << ": " << failure;
    }

    Driver& driver() { return *driver_; }
    sim::World& world() { return world_; }
    StoreModel& model() { return model_; }

  private:
    Since live(Since since) {
        driver_->begin_life();
        sim::Process& process = world_.start(
            *machine_, "cs", [&](Runtime& runtime) { return driver_->run(runtime, since); });
        // Sometimes in the middle of recovery, sometimes long after all is done.
        const int64_t longest = scenario_.life_max.microseconds();
        const int64_t scale = world_.random().below(3) == 0 ? longest / 20 : longest;
        world_.run_for(microseconds(
            static_cast<int64_t>(world_.random().below(static_cast<uint64_t>(scale)))));
        const bool kill = world_.random().below(100) < scenario_.kill_share;
        if (kill) {
            world_.kill(process);
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

    sim::World world_;
    uint64_t seed_;
    Scenario scenario_;
    sim::Machine* machine_ = nullptr;
    StoreModel model_;
    std::unique_ptr<Driver> driver_;
};

struct Totals {
    uint64_t opened = 0;
    uint64_t failures = 0;
    uint64_t refused = 0;
    std::map<std::string, uint64_t, std::less<>> probes;
};

using Adjust = std::function<void(Scenario&, Random&)>;

Totals run_seeds(uint64_t count, const Adjust& adjust) {
    Totals totals;
    const uint64_t only = only_seed();
    const uint64_t last = only != 0 ? only : count;
    for (uint64_t seed = only != 0 ? only : 1; seed <= last && !testing::Test::HasFailure();
         seed++) {
        Twin twin(seed, adjust);
        twin.run();
        totals.opened += twin.driver().opened;
        totals.failures += twin.driver().failures;
        totals.refused += twin.driver().refused_for_space;
        for (const auto& [name, hits] : twin.world().probes())
            totals.probes[name] += hits;
    }
    return totals;
}

void with_harmless_faults(Scenario& scenario, Random& random) {
    sim::DiskFaults& disk = scenario.faults.disk;
    disk.cut_loss = static_cast<uint32_t>(random.below(1'000'001));
    disk.cut_tear = static_cast<uint32_t>(random.below(1'000'001));
    disk.cut_undo = static_cast<uint32_t>(random.below(1'000'001));
    disk.short_read = random.below(2) == 0 ? 100'000 : 0;
    disk.short_write = random.below(2) == 0 ? 100'000 : 0;
    disk.slow = random.below(2) == 0 ? 50'000 : 0;
    disk.slow_max = milliseconds(20);
}

TEST(StoreTwin, KillsAndPowerCuts) {
    const Totals totals = run_seeds(1000, with_harmless_faults);
    EXPECT_GT(totals.opened, 1000u);
    for (const char* probe : {"power cut", "kill", "short disk read", "short disk write"})
        EXPECT_GT(totals.probes.find(probe)->second, 0u) << probe;
}

// For long runs by hand: --gtest_also_run_disabled_tests --gtest_filter=*ManySeeds
TEST(StoreTwin, DISABLED_ManySeeds) {
    run_seeds(50'000, with_harmless_faults);
}

TEST(StoreTwin, StopsInBetween) {
    run_seeds(200, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        scenario.options.stop_at_end = true;
        scenario.kill_share = 70;
        scenario.life_max = milliseconds(400);
    });
}

// What is made with -S verifies nothing at reads: so nothing may be torn to begin with.
TEST(StoreTwin, WithoutVerification) {
    run_seeds(300, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        scenario.options.no_verify = true;
    });
}

TEST(StoreTwin, FullDisks) {
    const Totals totals = run_seeds(400, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        scenario.options.no_space_expected = true;
        scenario.options.chunk_size = 2 * mib;
        scenario.faults.disk.no_space = random.below(2) == 0 ? 20'000 : 0;
        scenario.disk =
            scenario.options.journal_size + 64 * kib + (30 + random.below(60)) * 4 * kib;
    });
    EXPECT_GT(totals.refused, 100u);
}

// The disk fails: reads, writes, syncs. The store may end, what was flushed may not.
TEST(StoreTwin, FailingDisks) {
    const Totals totals = run_seeds(600, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        scenario.options.errors_expected = true;
        scenario.faults.disk.read_error = random.below(2) == 0 ? 2'000 : 0;
        scenario.faults.disk.write_error = random.below(2) == 0 ? 2'000 : 0;
        scenario.faults.disk.sync_error = random.below(2) == 0 ? 5'000 : 0;
    });
    EXPECT_GT(totals.failures, 20u);
}

}  // namespace
}  // namespace cairn::chunk::test
