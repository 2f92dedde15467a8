// Each rule of the store, broken on purpose, is caught by the twin within a few hundred seeds.
#include <gtest/gtest.h>

#include "chunk/store_twin_for_test.h"

namespace cairn::chunk::test {
namespace {

// The first seed that fails.
std::optional<uint64_t> caught_at(uint64_t count, const Adjust& adjust) {
    for (uint64_t seed = 1; seed <= count; seed++) {
        Twin twin(seed, adjust);
        if (!twin.run().empty())
            return seed;
    }
    return std::nullopt;
}

// The same with the rule kept finds nothing: it is the rule that is caught.
void expect_caught(bool StoreRules::* rule, const Adjust& adjust) {
    const std::optional<uint64_t> broken = caught_at(1000, [&](Scenario& scenario, Random& random) {
        adjust(scenario, random);
        scenario.options.store.rules.*rule = false;
    });
    ASSERT_TRUE(broken);
    EXPECT_FALSE(caught_at(*broken, adjust));
}

void with_cuts(Scenario& scenario, Random& random) {
    with_harmless_faults(scenario, random);
    scenario.kill_share = 10;
}

void with_kills(Scenario& scenario, Random& random) {
    with_harmless_faults(scenario, random);
    scenario.kill_share = 100;
    scenario.options.workers = 4;
}

TEST(StoreRules, SyncOnFlush) {
    expect_caught(&StoreRules::sync_on_flush, with_cuts);
}

TEST(StoreRules, FlushBeforeApply) {
    expect_caught(&StoreRules::flush_before_apply, with_cuts);
}

TEST(StoreRules, SyncBeforeTrim) {
    expect_caught(&StoreRules::sync_before_trim, with_cuts);
}

TEST(StoreRules, JournalTableImages) {
    expect_caught(&StoreRules::journal_table_images, with_cuts);
}

TEST(StoreRules, VerifyOnRead) {
    expect_caught(&StoreRules::verify_on_read, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        scenario.options.errors_expected = true;
        scenario.faults.disk.bit_rot = 10'000;
    });
}

TEST(StoreRules, HoldBeforeRead) {
    expect_caught(&StoreRules::hold_before_read, with_kills);
}

TEST(StoreRules, WaitForReaders) {
    expect_caught(&StoreRules::wait_for_readers, [](Scenario& scenario, Random& random) {
        with_kills(scenario, random);
        scenario.options.no_verify = true;
        // Reads so slow that whole writes, down to their place, fit into them.
        scenario.faults.disk.slow = 200'000;
        scenario.options.chunk_size = 64 * kib;
        scenario.options.store.apply_delay = milliseconds(1);
        scenario.options.operations = 200;
        scenario.life_max = milliseconds(500);
    });
}

}  // namespace
}  // namespace cairn::chunk::test
