// Each rule of the store, broken on purpose, is caught by the twin within a few hundred seeds.
#include <gtest/gtest.h>

#include "chunk/store_fixture_for_test.h"
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
    const std::optional<uint64_t> broken = caught_at(2000, [&](Scenario& scenario, Random& random) {
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

// Small chunks, applied often and seldom checkpointed: old records meet new content.
void keep_much_in_the_ring(Scenario& scenario) {
    scenario.options.chunk_size = 64 * kib;
    scenario.options.journal_size = mib;
    scenario.options.removals = false;
    scenario.options.store.placed_write_min = 1;
    scenario.options.store.table_pages_dirty_max = 64;
    scenario.options.store.apply_delay = milliseconds(1);
    scenario.options.store.checkpoint_delay = seconds(10);
}

TEST(StoreRules, SyncOnFlush) {
    expect_caught(&StoreRules::sync_on_flush, with_cuts);
}

TEST(StoreRules, DurableInOrder) {
    expect_caught(&StoreRules::durable_in_order, with_cuts);
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

TEST(StoreRules, PlaceBesideValid) {
    expect_caught(&StoreRules::place_beside_valid, with_cuts);
}

TEST(StoreRules, SyncPlacedOnFlush) {
    expect_caught(&StoreRules::sync_placed_on_flush, with_cuts);
}

TEST(StoreRules, VerifyPlaced) {
    expect_caught(&StoreRules::verify_placed, with_cuts);
}

// A record is appended while one of blocks in place is made durable, so that it does not say so
// yet; then it is applied to the same place, and the process is killed before anything else is
// appended.
Task<void> overwrite_what_was_placed(Runtime& runtime, ChunkStore& store, sim::DiskDevice& disk) {
    Result<void> done = co_await store.create_chunk(header_for(StoreFixture::chunk));
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    disk.set_slowness(milliseconds(5));
    done = co_await store.write(write_of(StoreFixture::chunk, 0, std::string(16, 'a')));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.counters().placed_bytes, 16u * block_size);
    co_await Sleep(runtime.loop, milliseconds(3));
    done = co_await store.write(write_of(StoreFixture::chunk, 0, "b"));
    EXPECT_TRUE(done);
    co_await Sleep(runtime.loop, milliseconds(25));
}

class StorePlacing : public StoreFixture {
  protected:
    // What is there after a kill.
    std::string overwrite_and_kill() {
        options.apply_delay = milliseconds(1);
        options.checkpoint_delay = seconds(30);
        std::string letters;
        run(
            [&](Runtime& runtime, ChunkStore& store) {
                return overwrite_what_was_placed(runtime, store, machine.disk_of("/cs"));
            },
            Ending::kill);
        machine.disk_of("/cs").set_slowness({});
        run([&](Runtime&, ChunkStore& store) { return look(store, letters); });
        return letters;
    }
    static Task<void> look(ChunkStore& store, std::string& letters) {
        letters = co_await letters_at(store, chunk, 0, 3);
    }
};

TEST_F(StorePlacing, TellBeforeApply) {
    EXPECT_EQ(overwrite_and_kill(), "baa");
}

TEST_F(StorePlacing, TellBeforeApplyBroken) {
    options.rules.tell_before_apply = false;
    EXPECT_NE(overwrite_and_kill(), "baa");
}

TEST(StoreRules, CompleteJournal) {
    expect_caught(&StoreRules::complete_journal, with_kills);
}

TEST(StoreRules, CountLostAsUnclean) {
    expect_caught(&StoreRules::count_lost_as_unclean, [](Scenario& scenario, Random& random) {
        with_kills(scenario, random);
        scenario.forget_share = 50;
    });
}

TEST(StoreRules, PlaceInSettled) {
    expect_caught(&StoreRules::place_in_settled, with_kills);
}

TEST(StoreRules, SkipSuperseded) {
    expect_caught(&StoreRules::skip_superseded, [](Scenario& scenario, Random& random) {
        with_kills(scenario, random);
        keep_much_in_the_ring(scenario);
        // So that recovery applies before it has seen all.
        scenario.options.store.pending_bytes_max = 8 * block_size;
        scenario.options.operations = 200;
    });
}

TEST(StoreRules, SyncReplayed) {
    expect_caught(&StoreRules::sync_replayed, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        // So that power is often cut in a recovery after a kill.
        scenario.lives = 8;
        scenario.life_max = milliseconds(40);
    });
}

TEST(StoreRules, VerifyOnRead) {
    expect_caught(&StoreRules::verify_on_read, [](Scenario& scenario, Random& random) {
        with_harmless_faults(scenario, random);
        scenario.options.errors_expected = true;
        scenario.faults.disk.bit_rot = 10'000;
    });
}

TEST(StoreRules, HoldBeforeRead) {
    expect_caught(&StoreRules::hold_before_read, [](Scenario& scenario, Random& random) {
        with_kills(scenario, random);
        // Few blocks and slow disks, so that some read meets a write whose record is on its way.
        scenario.faults.disk.slow = 200'000;
        scenario.faults.disk.slow_max = milliseconds(3);
        scenario.options.chunk_size = 64 * kib;
        scenario.options.workers = 8;
    });
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
        scenario.life_max = seconds(1);
    });
}

}  // namespace
}  // namespace cairn::chunk::test
