// Large writes that go in place at once: which do, where they lie, and what becomes of the space.
#include <gtest/gtest.h>

#include "chunk/store_fixture_for_test.h"

namespace cairn::chunk::test {
namespace {

constexpr uint32_t slice = 16;  // blocks, in a chunk of 2 MiB

class StorePlace : public StoreFixture {};

ChunkZeros zeros_of(uint32_t first_block, uint32_t count) {
    return {.tag = {.chunk = StorePlace::chunk, .version = {}, .file = {}, .epoch = {}},
            .first_block = first_block,
            .count = count,
            .punch = true};
}

Task<void> write_new_space(Runtime&, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StorePlace::chunk));
    EXPECT_TRUE(done);
    // Two slices and a part of one, not at their borders; then too little.
    done = co_await store.write(write_of(StorePlace::chunk, 16, std::string(48, 'a')));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.counters().placed_bytes, 48u * block_size);
    done = co_await store.write(write_of(StorePlace::chunk, 100, std::string(15, 'b')));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.counters().placed_bytes, 48u * block_size);
    EXPECT_EQ(store.counters().moved_slices, 0u);
    const std::string pending = co_await letters_at(store, StorePlace::chunk, 14, 4);
    EXPECT_EQ(pending, "..aa");
    done = co_await store.flush();
    EXPECT_TRUE(done);
}

// What is asked for its blocks says no at the last moment, as where a client wrote since.
Task<void> be_overtaken(ChunkStore& store, uint32_t count, uint32_t holes_from) {
    for (const uint32_t first : {0U, holes_from}) {
        std::vector<std::pair<uint32_t, uint32_t>> asked;
        ChunkWrite late = write_of(StorePlace::chunk, first, std::string(count, 'z'));
        late.may_land = [&asked](uint32_t block, uint32_t blocks) {
            asked.emplace_back(block, blocks);
            return false;
        };
        const Result<void> done = co_await store.write(std::move(late));
        EXPECT_EQ(done.code(), Code::cancelled);
        EXPECT_EQ(asked.size(), 1U) << "and nothing more of it is tried";
    }
    const std::string letters = co_await letters_at(store, StorePlace::chunk, 0, 40);
    EXPECT_EQ(letters, std::string(32, 'a') + std::string(8, '.'));
}

Task<void> overtake_writes(Runtime&, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StorePlace::chunk));
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(StorePlace::chunk, 0, std::string(32, 'a')));
    EXPECT_TRUE(done);
    co_await be_overtaken(store, 4, 32);      // through the journal
    co_await be_overtaken(store, slice, 32);  // into another slot, and into a hole
    ChunkZeros zeros = zeros_of(0, 8);
    zeros.may_land = [](uint32_t, uint32_t) {
        return false;
    };
    done = co_await store.write_zeros(zeros);
    EXPECT_EQ(done.code(), Code::cancelled);
    EXPECT_EQ(store.counters().moved_slices, 0U);
    // What was set aside for it is free: all of the chunk can be written anew, twice.
    for (const char letter : {'b', 'c'}) {
        done = co_await store.write(write_of(StorePlace::chunk, 0, std::string(64, letter)));
        EXPECT_TRUE(done);
    }
    const std::string letters = co_await letters_at(store, StorePlace::chunk, 0, 64);
    EXPECT_EQ(letters, std::string(64, 'c'));
}

TEST_F(StorePlace, AnOvertakenWriteDoesNotLand) {
    run(overtake_writes, Ending::power_cut);
}

Task<void> read_new_space(Runtime&, ChunkStore& store) {
    const std::string letters = co_await letters_at(store, StorePlace::chunk, 62, 40);
    EXPECT_EQ(letters, "aa" + std::string(36, '.') + "bb");
}

TEST_F(StorePlace, NewSpaceIsWrittenOnce) {
    run(write_new_space, Ending::power_cut);
    EXPECT_FALSE(report.journal_cut);
    run(read_new_space);
}

Task<void> overwrite(Runtime&, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StorePlace::chunk));
    EXPECT_TRUE(done);
    for (const char letter : {'a', 'b', 'c', 'd'}) {
        done = co_await store.write(
            write_of(StorePlace::chunk, 0, std::string(size_t{4} * slice, letter)));
        EXPECT_TRUE(done);
        const std::string letters = co_await letters_at(store, StorePlace::chunk, 15, 2);
        EXPECT_EQ(letters, std::string(2, letter));
    }
    EXPECT_GT(store.counters().moved_slices, 4u);
    // The middle lies in whole slices, and moves; the ends go through the journal.
    const uint64_t moved = store.counters().moved_slices;
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    done =
        co_await store.write(write_of(StorePlace::chunk, 8, std::string(size_t{2} * slice, 'e')));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.counters().moved_slices, moved + 1);
    // A little one goes where its slice lies.
    done = co_await store.write(write_of(StorePlace::chunk, 20, "f"));
    EXPECT_TRUE(done);
    done = co_await store.write_zeros(zeros_of(21, 1));
    EXPECT_TRUE(done);
    done = co_await store.flush();
    EXPECT_TRUE(done);
}

Task<void> read_overwritten(Runtime&, ChunkStore& store) {
    const std::string letters = co_await letters_at(store, StorePlace::chunk, 6, 38);
    EXPECT_EQ(letters, "dd" + std::string(12, 'e') + "f." + std::string(18, 'e') + "dddd");
}

TEST_F(StorePlace, SlicesMoveWhenTheyAreOverwritten) {
    run(overwrite, Ending::power_cut);
    run(read_overwritten, Ending::kill);
    run(read_overwritten);
    run(read_overwritten);
}

Task<void> overwrite_all(Runtime& runtime, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StorePlace::chunk));
    EXPECT_TRUE(done);
    for (const char letter : {'a', 'b', 'c'}) {
        for (uint32_t block = 0; block < 512; block += 2 * slice) {
            done = co_await store.write(
                write_of(StorePlace::chunk, block, std::string(size_t{2} * slice, letter)));
            EXPECT_TRUE(done);
        }
    }
    EXPECT_GT(store.counters().moved_slices, 50u);
    co_await Sleep(runtime.loop, seconds(300));
    const std::string path = std::string("/cs/") + StorePlace::chunk_file;
    const Result<FileStatus> status = co_await runtime.disk.status(path);
    EXPECT_TRUE(status);
    // Data, two headers, three table pages.
    EXPECT_EQ(status->allocated, StorePlace::chunk_size + uint64_t{5} * block_size);
}

TEST_F(StorePlace, WhatIsToSpareIsGivenBack) {
    run(overwrite_all);
}

Task<void> write_over_and_over(ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StorePlace::chunk));
    EXPECT_TRUE(done);
    for (const char letter : {'a', 'b', 'c', 'd', 'e', 'f'}) {
        for (uint32_t block = 0; block < 512; block += 4 * slice) {
            done = co_await store.write(
                write_of(StorePlace::chunk, block, std::string(size_t{4} * slice, letter)));
            EXPECT_TRUE(done);
        }
    }
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
}

// Of all that goes to the disk, the share that the data has.
TEST_F(StorePlace, WhatIsPlacedIsWrittenOnce) {
    journal_size = 2 * mib;
    const auto written = [&](uint32_t placed_write_min) {
        options.placed_write_min = placed_write_min;
        options.path = placed_write_min == slice ? "/once" : "/twice";
        run([](Runtime&, ChunkStore&) -> Task<void> { co_return; });
        uint64_t bytes = 0;
        world.set_trace([&](std::string_view line) {
            const size_t length = line.find(" length ");
            if (line.find(" write file ") != std::string_view::npos &&
                length != std::string_view::npos)
                bytes += std::stoull(std::string(line.substr(length + 8)));
        });
        run([](Runtime&, ChunkStore& store) { return write_over_and_over(store); });
        world.set_trace({});
        return bytes;
    };
    const uint64_t data = 6 * chunk_size;
    const uint64_t once = written(slice);
    begin_another();
    const uint64_t twice = written(UINT32_MAX);
    RecordProperty("placed_percent", static_cast<int>(once * 100 / data));
    RecordProperty("journalled_percent", static_cast<int>(twice * 100 / data));
    EXPECT_LT(once, data * 130 / 100);
    EXPECT_GT(twice, data * 180 / 100);
}

Task<void> find_rot(Runtime&, ChunkStore& store) {
    std::vector<BadBlock> bad;
    const auto read = co_await store.read(StorePlace::chunk, 16, 4, bad);
    EXPECT_EQ(read.code(), Code::corrupt);
    EXPECT_EQ(bad.size(), 1u);
    EXPECT_EQ(bad[0].block, 17u);
    EXPECT_EQ(bad[0].checksum, block_checksum(StorePlace::chunk, 17, block_of('a').view()));
    Result<void> done = co_await store.restore_block(StorePlace::chunk, 17, block_of('a'));
    EXPECT_TRUE(done);
    const std::string letters = co_await letters_at(store, StorePlace::chunk, 16, 2);
    EXPECT_EQ(letters, "aa");
}

Task<void> write_and_wait(Runtime& runtime, ChunkStore& store) {
    co_await write_new_space(runtime, store);
    co_await Sleep(runtime.loop, milliseconds(200));
}

// It had been durable, and the ring says so: nothing is cut for it.
TEST_F(StorePlace, RotIsNotTakenForATornWrite) {
    options.apply_delay = seconds(60);
    run(write_and_wait, Ending::kill);
    flip(chunk_file, data_offset(17) + 1000);
    run(find_rot);
    EXPECT_FALSE(report.journal_cut);
}

Task<void> write_unflushed(ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StorePlace::chunk));
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(StorePlace::chunk, 16, std::string(slice, 'a')));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.counters().placed_bytes, uint64_t{slice} * block_size);
}

Task<void> expect_holes(ChunkStore& store) {
    const std::string letters = co_await letters_at(store, StorePlace::chunk, 16, slice);
    EXPECT_EQ(letters, std::string(slice, '.'));
}

// Nobody said that it was durable: as if it had never been written.
TEST_F(StorePlace, ATornWriteIsCut) {
    options.apply_delay = seconds(60);
    run([](Runtime&, ChunkStore& store) { return write_unflushed(store); }, Ending::kill);
    flip(chunk_file, data_offset(17) + 1000);
    run([](Runtime&, ChunkStore& store) { return expect_holes(store); });
    EXPECT_TRUE(report.journal_cut);
    EXPECT_TRUE(report.unclean);
}

}  // namespace
}  // namespace cairn::chunk::test
