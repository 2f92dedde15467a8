// Bytes that flip on the disk: found, told, repaired where the store can, never served.
#include <gtest/gtest.h>

#include "chunk/store_fixture_for_test.h"

namespace cairn::chunk::test {
namespace {

class StoreRot : public StoreFixture {};

constexpr uint64_t table_offset = ChunkGeometry::page_offset(0);

Task<void> make(Runtime&, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StoreRot::chunk));
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(StoreRot::chunk, 0, "abcd"));
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(StoreRot::chunk, 300, "wxyz"));
    EXPECT_TRUE(done);
    done = co_await store.flush();
    EXPECT_TRUE(done);
}

Task<void> expect_whole(Runtime&, ChunkStore& store) {
    const std::string start = co_await letters_at(store, StoreRot::chunk, 0, 5);
    EXPECT_EQ(start, "abcd.");
    const std::string end = co_await letters_at(store, StoreRot::chunk, 299, 6);
    EXPECT_EQ(end, ".wxyz.");
}

Task<void> restore(Runtime&, ChunkStore& store) {
    std::vector<BadBlock> bad;
    const auto read = co_await store.read(StoreRot::chunk, 0, 4, bad);
    EXPECT_EQ(read.code(), Code::corrupt);
    EXPECT_EQ(bad.size(), 1u);
    EXPECT_EQ(bad[0].block, 2u);
    EXPECT_EQ(bad[0].checksum, block_checksum(StoreRot::chunk, 2, block_of('c').view()));
    EXPECT_EQ(store.counters().bad_blocks, 1u);
    const std::string others = co_await letters_at(store, StoreRot::chunk, 0, 2);
    EXPECT_EQ(others, "ab");
    Result<void> done = co_await store.restore_block(StoreRot::chunk, 2, block_of('X'));
    EXPECT_EQ(done.code(), Code::corrupt);
    done = co_await store.restore_block(StoreRot::chunk, 2, block_of('c'));
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
}

TEST_F(StoreRot, ABlockIsFoundAndRestored) {
    run(make);
    flip(chunk_file, data_offset(2) + 1000);
    run(restore);
    run(expect_whole);
}

Task<void> use_lost_page(Runtime&, ChunkStore& store) {
    std::vector<BadBlock> bad;
    const auto read = co_await store.read(StoreRot::chunk, 0, 5, bad);
    EXPECT_EQ(read.code(), Code::corrupt);
    EXPECT_EQ(bad.size(), 5u);  // block 4 may have been written, for all that is known
    EXPECT_FALSE(bad[0].checksum);
    EXPECT_EQ(store.counters().lost_pages, 1u);
    const std::string other_page = co_await letters_at(store, StoreRot::chunk, 300, 4);
    EXPECT_EQ(other_page, "wxyz");
    const auto sums = co_await store.table(StoreRot::chunk, 3, 1);
    EXPECT_TRUE(sums->front().lost);
    Result<void> done = co_await store.restore_block(StoreRot::chunk, 2, block_of('c'));
    EXPECT_EQ(done.code(), Code::not_found);
    done = co_await store.write(write_of(StoreRot::chunk, 0, "ABC"));
    EXPECT_TRUE(done);
}

Task<void> fill_lost(Runtime&, ChunkStore& store) {
    // What was written since the page rotted is newer than any other replica's answer.
    Result<void> done = co_await store.write(write_of(StoreRot::chunk, 1, "B"));
    EXPECT_TRUE(done);
    for (uint32_t block = 0; block < entries_per_page; block++) {
        const std::string_view before = "abcd";
        const char letter = block < before.size() ? before[block] : '\0';
        done = co_await store.fill_lost_block(
            StoreRot::chunk, block, letter != 0 ? block_of(letter) : Buffer::zeroed(block_size));
        EXPECT_TRUE(done);
    }
    const std::string now = co_await letters_at(store, StoreRot::chunk, 0, 4);
    EXPECT_EQ(now, "aBcd");
    done = co_await store.fill_lost_block(StoreRot::chunk, 0, block_of('X'));
    EXPECT_TRUE(done);
}

Task<void> expect_filled(Runtime&, ChunkStore& store) {
    const std::string now = co_await letters_at(store, StoreRot::chunk, 0, 4);
    EXPECT_EQ(now, "aBcd");
    const Result<uint64_t> digest = co_await store.digest(StoreRot::chunk);
    EXPECT_TRUE(digest);
}

TEST_F(StoreRot, LostBlocksAreFilledButNothingWrittenSinceIsTouched) {
    run(make);
    flip(chunk_file, table_offset + 16 * 3);
    run(fill_lost);
    run(expect_filled);
}

Task<void> expect_lost_blocks(Runtime&, ChunkStore& store) {
    const std::string written = co_await letters_at(store, StoreRot::chunk, 0, 3);
    EXPECT_EQ(written, "ABC");
    const std::string lost = co_await letters_at(store, StoreRot::chunk, 3, 1);
    EXPECT_EQ(lost, "corrupt");
    const Result<uint64_t> digest = co_await store.digest(StoreRot::chunk);
    EXPECT_EQ(digest.code(), Code::corrupt);
}

TEST_F(StoreRot, ATablePageIsRefusedUntilItIsWrittenAgain) {
    run(make);
    flip(chunk_file, table_offset + 16 * 3);
    run(use_lost_page);
    run(expect_lost_blocks);
}

Task<void> remove(Runtime&, ChunkStore& store) {
    const Result<void> done = co_await store.remove_chunk(StoreRot::chunk);
    EXPECT_TRUE(done);
}

TEST_F(StoreRot, OneHeaderStandsInForTheOther) {
    for (const uint64_t offset : {100u, 4096u + 4000u}) {
        run(make);
        flip(chunk_file, offset);
        run(expect_whole);
        EXPECT_TRUE(report.damaged.empty());
        const Bytes whole = file(chunk_file);
        EXPECT_TRUE(std::equal(whole.begin(), whole.begin() + 4096, whole.begin() + 4096));
        run(remove);
    }
}

Task<void> expect_no_chunk(Runtime&, ChunkStore& store) {
    EXPECT_FALSE(store.find(StoreRot::chunk));
    EXPECT_TRUE(store.list().empty());
    const std::string letters = co_await letters_at(store, StoreRot::chunk, 0, 1);
    EXPECT_EQ(letters, "replica_lost");
}

TEST_F(StoreRot, WithoutAHeaderTheChunkIsLost) {
    run(make);
    flip(chunk_file, 100);
    flip(chunk_file, 4096 + 100);
    for (int i = 0; i < 2; i++) {
        run(expect_no_chunk);
        ASSERT_EQ(report.damaged.size(), 1u);
        EXPECT_EQ(report.damaged[0].chunk, chunk);
    }
    // Set aside, it does not come back by itself, not even if its bytes do.
    flip(std::string(chunk_file) + ".damaged", 100);
    run(expect_no_chunk);
    // Made again, it is a new one; removed, it leaves nothing.
    run(make);
    run(expect_whole);
    EXPECT_TRUE(report.damaged.empty());
    run(remove);
    run(expect_no_chunk);
    const auto left = machine.peek_directory("/cs/chunks/07");
    EXPECT_TRUE(left && left->empty());
}

TEST_F(StoreRot, ARemovedReplicaLeavesNoDamagedFile) {
    run(make);
    flip(chunk_file, 100);
    flip(chunk_file, 4096 + 100);
    run(remove);
    EXPECT_TRUE(machine.peek_directory("/cs/chunks/07")->empty());
}

TEST_F(StoreRot, SmallFilesAreNeverGuessed) {
    run(make);
    for (const char* name : {"identity", "state", "epochs", "starts"}) {
        const size_t size = file(name).size();
        for (size_t i = 0; i < size; i += 3) {
            flip(name, i);
            EXPECT_EQ(open_code(), Code::corrupt) << name << " at " << i;
            flip(name, i);
        }
    }
    run(expect_whole);
}

Task<void> write_held(Runtime& runtime, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StoreRot::chunk));
    EXPECT_TRUE(done);
    co_await Sleep(runtime.loop, milliseconds(100));
    done = co_await store.write(write_of(StoreRot::chunk, 0, "a"));
    EXPECT_TRUE(done);
    // Until it stands in the journal itself.
    co_await Sleep(runtime.loop, milliseconds(10));
}

// Where in the journal's file the letter fills a block, and the block before it, which is the start
// of its group.
uint64_t group_of_letter(const Bytes& journal, char letter) {
    for (uint64_t at = block_size; at + block_size <= journal.size(); at += block_size) {
        if (journal[at] == static_cast<std::byte>(letter) &&
            journal[at + 4095] == static_cast<std::byte>(letter))
            return at - block_size;
    }
    return 0;
}

Task<void> admit_and_remove(Runtime& runtime, ChunkStore& store) {
    const Result<void> admitted = co_await store.set_admitted();
    EXPECT_TRUE(admitted);
    co_await remove(runtime, store);
}

// Held data that rotted in the journal, before it was flushed and before it was applied: the start
// must not pass for clean, for what was acknowledged is gone.
TEST_F(StoreRot, ACutTailMakesTheStartUnclean) {
    for (const uint64_t offset : {0u, 18u, 33u, 100u, 4096u, 8000u}) {
        for (const bool rule : {true, false}) {
            options.rules.count_cut_as_unclean = rule;
            options.apply_delay = seconds(1000);
            run(write_held, Ending::kill);
            flip("journal", group_of_letter(file("journal"), 'a') + offset);
            run(admit_and_remove);
            EXPECT_TRUE(report.journal_cut) << offset;
            EXPECT_EQ(report.unclean, rule) << offset;
        }
    }
}

Task<void> write_flushed(Runtime& runtime, ChunkStore& store) {
    co_await make(runtime, store);
    // Time for the marker that tells that it was flushed, not for more.
    co_await Sleep(runtime.loop, milliseconds(100));
}

// What was flushed is never cut off: the store does not start.
TEST_F(StoreRot, FlushedDataInTheJournalIsNotCutOff) {
    options.apply_delay = options.checkpoint_delay = seconds(1000);
    run(write_flushed, Ending::kill);
    const uint64_t group = group_of_letter(file("journal"), 'a');
    for (const uint64_t offset : {0u, 33u, 41u, 100u, 4096u, 8000u}) {
        flip("journal", group + offset);
        EXPECT_EQ(open_code(), Code::corrupt) << offset;
        flip("journal", group + offset);
    }
    flip("journal", 10);  // one superblock stands in for the other
    run(expect_whole, Ending::kill);
    flip("journal", 4096 + 10);
    flip("journal", 20);
    EXPECT_EQ(open_code(), Code::corrupt);
}

Task<void> read_or_refuse(Runtime&, ChunkStore& store) {
    if (!store.find(StoreRot::chunk))
        co_return;
    const std::string letters = "abcd";
    for (uint32_t i = 0; i < 4; i++) {
        const std::string seen = co_await letters_at(store, StoreRot::chunk, i, 1);
        EXPECT_TRUE(seen == "corrupt" || seen == letters.substr(i, 1)) << i << ": " << seen;
    }
    const std::string hole = co_await letters_at(store, StoreRot::chunk, 5, 1);
    EXPECT_TRUE(hole == "corrupt" || hole == ".") << hole;
}

Task<void> try_reading(StoreOptions options, Runtime& runtime, uint32_t& opened) {
    Result<std::unique_ptr<ChunkStore>> store =
        co_await ChunkStore::open(runtime, options, StoreRot::cluster);
    if (!store)
        co_return;
    opened++;
    co_await read_or_refuse(runtime, **store);
    co_await Sleep(runtime.loop, seconds(1'000'000));
}

// A repository outside of a test's own fixture.
class Repository : public StoreFixture {
  private:
    void TestBody() override {}
};

// Bytes all over a repository, one at a time, each in a fresh one, once it says that all was
// flushed.
TEST(StoreRotEverywhere, IsNeverServed) {
    uint32_t opened = 0;
    sim::World dice(7);
    for (uint32_t i = 0; i < 400; i++) {
        Repository test;
        test.options.apply_delay = milliseconds(i % 2 == 0 ? 1 : 1'000'000);
        test.run(write_flushed, i % 4 < 2 ? Ending::kill : Ending::stop);
        const char* name = i % 3 == 0 ? "journal" : StoreFixture::chunk_file;
        const Result<Bytes> bytes = test.machine.peek(std::string("/cs/") + name);
        if (!bytes || bytes->empty())
            continue;
        // Mostly where something is.
        uint64_t at = dice.random().below(bytes->size());
        for (int tries = 0; tries < 10'000 && (*bytes)[at] == std::byte{0}; tries++)
            at = dice.random().below(bytes->size());
        test.flip(name, at);
        const sim::Process& process = test.world.start(test.machine, "cs", [&](Runtime& runtime) {
            return try_reading(test.options, runtime, opened);
        });
        test.world.run_for(seconds(1));
        static_cast<void>(process);
    }
    EXPECT_GT(opened, 200u);
}

}  // namespace
}  // namespace cairn::chunk::test
