// For tests: a simulated host with a chunk store that lives, dies and lives again at random
// moments, and its model. A seed and a scenario make one run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chunk/store_driver_for_test.h"
#include "chunk/store_model_for_test.h"
#include "runtime/sim/world.h"

namespace cairn::chunk::test {

struct Scenario {
    sim::FaultPlan faults = sim::FaultPlan::none();
    DriverOptions options;
    uint32_t lives = 4;
    uint64_t disk = 16 * mib;
    uint32_t kill_share = 50;   // of the ends of a life, in percent: kill, else power cut
    uint32_t forget_share = 0;  // of the kills, in percent: its shared memory goes, too
    Duration life_max = milliseconds(100);
    // If there is one for a life, it ends after so many events instead of at a random moment.
    std::vector<uint64_t> life_events;
};

using Adjust = std::function<void(Scenario&, Random&)>;

// Faults that a store survives without losing anything it promised.
void with_harmless_faults(Scenario& scenario, Random& random);

class Twin {
  public:
    Twin(uint64_t seed, const Adjust& adjust);

    // What went wrong.
    [[nodiscard]] const std::vector<std::string>& run();

    // How many events the life took that was the last.
    [[nodiscard]] uint64_t events_of_last_life() const { return events_of_last_life_; }
    [[nodiscard]] const Driver& driver() const { return *driver_; }
    [[nodiscard]] sim::World& world() { return world_; }
    [[nodiscard]] sim::Machine& machine() { return *machine_; }

  private:
    Since live(Since since, uint32_t number);
    void run_until_its_end(uint32_t number);

    sim::World world_;
    Scenario scenario_;
    sim::Machine* machine_ = nullptr;
    StoreModel model_;
    std::unique_ptr<Driver> driver_;
    uint64_t events_of_last_life_ = 0;
};

struct Totals {
    uint64_t opened = 0;
    uint64_t failures = 0;
    uint64_t refused = 0;
    uint64_t bad_blocks = 0;
    uint64_t placed_bytes = 0;
    uint64_t moved_slices = 0;
    std::map<std::string, uint64_t, std::less<>> probes;

    [[nodiscard]] uint64_t probe(std::string_view name) const {
        const auto found = probes.find(name);
        return found == probes.end() ? 0 : found->second;
    }
};

// Seeds 1 to `count` until one fails; --gtest_random_seed=N runs N alone and prints its trace.
Totals run_seeds(uint64_t count, const Adjust& adjust);

}  // namespace cairn::chunk::test
