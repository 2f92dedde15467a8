// A store that ends after every single event of a run: at each write, sync and rename that it
// makes, in its work, in a checkpoint, in recovery, in a recovery after that.
#include <gtest/gtest.h>

#include "chunk/store_twin_for_test.h"

namespace cairn::chunk::test {
namespace {

// Little to do, and all of it soon: writes, a checkpoint, another.
void short_run(Scenario& scenario, Random& random) {
    with_harmless_faults(scenario, random);
    scenario.faults.disk.slow = 0;
    scenario.options.workers = 2;
    scenario.options.operations = 24;
    scenario.options.journal_size = 64 * kib;
    scenario.options.store.apply_delay = milliseconds(1);
    scenario.options.store.checkpoint_delay = milliseconds(3);
    scenario.life_max = milliseconds(200);
}

uint64_t events_of_a_whole_life(uint64_t seed, const std::vector<uint64_t>& before) {
    Twin twin(seed, [&](Scenario& scenario, Random& random) {
        short_run(scenario, random);
        scenario.life_events = before;
        scenario.life_events.push_back(UINT64_MAX / 2);
        scenario.lives = static_cast<uint32_t>(scenario.life_events.size());
    });
    EXPECT_TRUE(twin.run().empty());
    return twin.events_of_last_life();
}

// Ends life number `before.size()` after each of its events in turn.
void end_after_each_event(uint64_t seed, uint32_t kill_share, const std::vector<uint64_t>& before,
                          uint64_t step) {
    const uint64_t events = events_of_a_whole_life(seed, before);
    EXPECT_GT(events, 50u);
    for (uint64_t end = 1; end <= events && !testing::Test::HasFailure(); end += step) {
        Twin twin(seed, [&](Scenario& scenario, Random& random) {
            short_run(scenario, random);
            scenario.kill_share = kill_share;
            scenario.life_events = before;
            scenario.life_events.push_back(end);
            scenario.lives = static_cast<uint32_t>(scenario.life_events.size()) + 1;
        });
        for (const std::string& failure : twin.run())
            ADD_FAILURE() << "seed " << seed << ", after event " << end << ": " << failure;
    }
}

TEST(StoreCrash, KilledAfterEachEvent) {
    for (uint64_t seed = 1; seed <= 3; seed++)
        end_after_each_event(seed, 100, {}, 1);
}

TEST(StoreCrash, PowerCutAfterEachEvent) {
    for (uint64_t seed = 1; seed <= 3; seed++)
        end_after_each_event(seed, 0, {}, 1);
}

TEST(StoreCrash, PowerCutAfterEachEventOfARecovery) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const uint64_t first = events_of_a_whole_life(seed, {});
        for (const uint64_t share : {3u, 2u})
            end_after_each_event(seed, 0, {first / share}, 3);
    }
}

TEST(StoreCrash, PowerCutInARecoveryOfARecovery) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const uint64_t first = events_of_a_whole_life(seed, {});
        for (const uint64_t second : {60u, 120u})
            end_after_each_event(seed, 0, {first / 2, second}, 7);
    }
}

}  // namespace
}  // namespace cairn::chunk::test
