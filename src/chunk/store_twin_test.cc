// The store against its naive twin: random operations by several workers, cut short by kills and
// power cuts at random moments, with every kind of trouble a disk can make.
#include <gtest/gtest.h>

#include "chunk/store_driver_for_test.h"

namespace cairn::chunk::test {
namespace {

struct Scenario {
    sim::FaultPlan faults = sim::FaultPlan::none();
    DriverOptions options;
    uint32_t lives = 4;
    uint64_t disk = 16 * mib;
    uint32_t kill_share = 50;  // of the ends of a life, in percent: kill, else power cut
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

class Twin {
  public:
    Twin(uint64_t seed, const std::function<void(Scenario&, Random&)>& adjust)
        : world_(seed), seed_(seed) {
        scenario_.options = small_options(world_.random());
        adjust(scenario_, world_.random());
        world_.set_faults(scenario_.faults);
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
        const int64_t scale = world_.random().below(3) == 0 ? 5'000 : 100'000;
        const Duration life =
            microseconds(static_cast<int64_t>(world_.random().below(static_cast<uint64_t>(scale))));
        world_.run_for(life);
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

constexpr uint64_t seeds = 300;

TEST(StoreTwin, KillsAndPowerCuts) {
    uint64_t opened = 0;
    for (uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); seed++) {
        Twin twin(seed, [](Scenario& scenario, Random& random) {
            scenario.faults.disk.cut_loss = static_cast<uint32_t>(random.below(1'000'001));
            scenario.faults.disk.cut_tear = static_cast<uint32_t>(random.below(1'000'001));
            scenario.faults.disk.cut_undo = static_cast<uint32_t>(random.below(1'000'001));
            scenario.faults.disk.short_read = random.below(2) == 0 ? 100'000 : 0;
            scenario.faults.disk.short_write = random.below(2) == 0 ? 100'000 : 0;
            scenario.faults.disk.slow = random.below(2) == 0 ? 50'000 : 0;
            scenario.faults.disk.slow_max = milliseconds(20);
        });
        twin.run();
        opened += twin.driver().opened;
    }
    EXPECT_GT(opened, seeds * 2);
}

}  // namespace
}  // namespace cairn::chunk::test
