// The store against its naive twin: random operations by several workers, cut short by kills and
// power cuts at random moments, with every kind of trouble a disk can make.
#include <gtest/gtest.h>

#include "chunk/store_twin_for_test.h"

namespace cairn::chunk::test {
namespace {

TEST(StoreTwin, KillsAndPowerCuts) {
    const Totals totals = run_seeds(1000, with_harmless_faults);
    EXPECT_GT(totals.opened, 1000u);
    EXPECT_GT(totals.placed_bytes, 50 * mib);
    EXPECT_GT(totals.moved_slices, 500u);
    for (const char* probe :
         {"power cut", "kill", "short disk read", "short disk write", "late write"})
        EXPECT_GT(totals.probe(probe), 0u) << probe;
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

// What rots is found and never served, as what it was or as anything else.
TEST(StoreTwin, RottingDisks) {
    const Totals totals = run_seeds(600, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        scenario.options.errors_expected = true;
        scenario.faults.disk.bit_rot = 10'000;
        // A flip in a group that became durable a moment before the crash looks like a torn one.
        scenario.options.durable_writes = false;
    });
    EXPECT_GT(totals.bad_blocks, 20u);
    EXPECT_GT(totals.probe("flipped bit"), 20u);
}

}  // namespace
}  // namespace cairn::chunk::test
