// What lies on disk is verified by name, whatever is in memory, and put right from memory where
// that is enough.
#include <gtest/gtest.h>

#include "chunk/store_fixture_for_test.h"

namespace cairn::chunk::test {
namespace {

class StoreVerify : public StoreFixture {
  public:
    static constexpr uint64_t table_offset = ChunkGeometry::page_offset(0);
};

// In place, with the table in memory.
Task<void> make(ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(StoreVerify::chunk));
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(StoreVerify::chunk, 0, "abcd"));
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(StoreVerify::chunk, 300, "wxyz"));
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
}

struct Found {
    uint32_t headers = 0;
    uint32_t read = 0;
    uint32_t rewritten = 0;
    std::vector<uint32_t> bad;
    Code code = Code::ok;
};

Task<Found> verify(ChunkStore& store) {
    Found found;
    const Result<uint32_t> headers = co_await store.verify_headers(StoreVerify::chunk);
    found.code = headers.code();
    found.headers = headers ? *headers : 0;
    const uint32_t pages = ChunkGeometry{StoreVerify::chunk_size}.page_count();
    for (uint32_t page = 0; page < pages && found.code == Code::ok; page++) {
        const Result<VerifiedPage> verified = co_await store.verify_page(StoreVerify::chunk, page);
        found.code = verified.code();
        if (!verified)
            break;
        found.read += verified->blocks_read;
        found.rewritten += verified->rewritten ? 1 : 0;
        for (const BadBlock& block : verified->bad)
            found.bad.push_back(block.block);
    }
    co_return found;
}

Task<void> expect_good(ChunkStore& store) {
    const Found found = co_await verify(store);
    EXPECT_EQ(found.code, Code::ok);
    EXPECT_EQ(found.headers + found.rewritten, 0u);
    EXPECT_EQ(found.read, 8u);
    EXPECT_TRUE(found.bad.empty());
    const std::string start = co_await letters_at(store, StoreVerify::chunk, 0, 5);
    EXPECT_EQ(start, "abcd.");
    const std::string end = co_await letters_at(store, StoreVerify::chunk, 300, 4);
    EXPECT_EQ(end, "wxyz");
}

Task<void> check_block(StoreVerify& test, ChunkStore& store) {
    co_await make(store);
    co_await expect_good(store);
    test.flip(StoreVerify::chunk_file, StoreVerify::data_offset(2) + 7);
    test.flip(StoreVerify::chunk_file, StoreVerify::data_offset(303) + 4095);
    const Found found = co_await verify(store);
    EXPECT_EQ(found.bad, (std::vector<uint32_t>{2, 303}));
    Result<void> done = co_await store.restore_block(StoreVerify::chunk, 2, block_of('c'));
    EXPECT_TRUE(done);
    done = co_await store.restore_block(StoreVerify::chunk, 303, block_of('z'));
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    co_await expect_good(store);
}

TEST_F(StoreVerify, BlocksAreReadFromTheDisk) {
    run([this](Runtime&, ChunkStore& store) { return check_block(*this, store); });
}

TEST_F(StoreVerify, AlsoWhereReadersDoNotVerify) {
    identity.no_verify = true;
    run([this](Runtime&, ChunkStore& store) { return check_block(*this, store); });
}

// What is pending will be written anyway: it is no loss that the old is bad.
Task<void> check_pending(StoreVerify& test, ChunkStore& store) {
    co_await make(store);
    Result<void> done = co_await store.write(write_of(StoreVerify::chunk, 2, "C"));
    EXPECT_TRUE(done);
    test.flip(StoreVerify::chunk_file, StoreVerify::data_offset(2) + 7);
    test.flip(StoreVerify::chunk_file, StoreVerify::data_offset(3) + 7);
    const Found found = co_await verify(store);
    EXPECT_EQ(found.bad, std::vector<uint32_t>{3});
}

TEST_F(StoreVerify, WhatIsPendingIsPassedOver) {
    options.apply_delay = options.checkpoint_delay = seconds(1000);
    run([this](Runtime&, ChunkStore& store) { return check_pending(*this, store); });
}

Task<void> check_page(StoreVerify& test, ChunkStore& store) {
    co_await make(store);
    const Bytes before = test.file(StoreVerify::chunk_file);
    test.flip(StoreVerify::chunk_file, StoreVerify::table_offset + 20);
    const Found found = co_await verify(store);
    EXPECT_EQ(found.rewritten, 1u);
    EXPECT_TRUE(found.bad.empty());
    const Result<void> done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    const Bytes after = test.file(StoreVerify::chunk_file);
    EXPECT_TRUE(std::equal(before.begin() + block_size, before.end(), after.begin() + block_size));
    co_await expect_good(store);
}

// Rot under a good copy in memory is rot all the same.
TEST_F(StoreVerify, ATablePageIsWrittenAgainFromMemory) {
    run([this](Runtime&, ChunkStore& store) { return check_page(*this, store); });
    run([](Runtime&, ChunkStore& store) { return expect_good(store); });
}

Task<void> check_lost_write(StoreVerify& test, ChunkStore& store) {
    co_await make(store);
    const Bytes older = test.file(StoreVerify::chunk_file);
    Result<void> done = co_await store.write(write_of(StoreVerify::chunk, 1, "B"));
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    // The older page, valid in itself, is back on the medium.
    const Bytes newer = test.file(StoreVerify::chunk_file);
    for (uint64_t at = StoreVerify::table_offset; at < StoreVerify::table_offset + block_size;
         at++) {
        const auto mask = std::to_integer<uint8_t>(older[at] ^ newer[at]);
        if (mask != 0)
            test.flip(StoreVerify::chunk_file, at, mask);
    }
    const Found found = co_await verify(store);
    EXPECT_EQ(found.rewritten, 1u);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    EXPECT_EQ(test.file(StoreVerify::chunk_file), newer);
}

TEST_F(StoreVerify, AnOlderTablePageIsNotBelieved) {
    run([this](Runtime&, ChunkStore& store) { return check_lost_write(*this, store); });
}

Task<void> check_lost_page(ChunkStore& store) {
    const Found found = co_await verify(store);
    EXPECT_EQ(found.rewritten, 0u);
    EXPECT_EQ(found.bad.size(), entries_per_page);
    const Result<std::vector<uint64_t>> digests = co_await store.page_digests(StoreVerify::chunk);
    EXPECT_EQ(digests.code(), Code::corrupt);
}

TEST_F(StoreVerify, ATablePageThatIsNowhereIsLost) {
    run([](Runtime&, ChunkStore& store) { return make(store); });
    flip(chunk_file, table_offset + 20);
    run([](Runtime&, ChunkStore& store) { return check_lost_page(store); });
}

Task<void> check_headers(StoreVerify& test, ChunkStore& store) {
    co_await make(store);
    for (const uint64_t offset : {100u, 4096u + 100u}) {
        test.flip(StoreVerify::chunk_file, offset);
        const Found found = co_await verify(store);
        EXPECT_EQ(found.headers, 1u);
        const Result<void> done = co_await store.checkpoint_now();
        EXPECT_TRUE(done);
        co_await expect_good(store);
    }
    test.flip(StoreVerify::chunk_file, 8);
    test.flip(StoreVerify::chunk_file, 4096 + 4095);
    const Found found = co_await verify(store);
    EXPECT_EQ(found.headers, 2u);
    const Result<void> done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    co_await expect_good(store);
}

TEST_F(StoreVerify, HeadersAreWrittenAgain) {
    run([this](Runtime&, ChunkStore& store) { return check_headers(*this, store); });
    run([](Runtime&, ChunkStore& store) { return expect_good(store); });
    EXPECT_TRUE(report.damaged.empty());
}

Task<void> check_deleted(StoreVerify& test, ChunkStore& store) {
    co_await make(store);
    EXPECT_TRUE(test.machine.unlink(std::string("/cs/") + StoreVerify::chunk_file));
    const Found found = co_await verify(store);
    EXPECT_EQ(found.code, Code::replica_lost);
    EXPECT_EQ(store.vanished(), std::vector<ChunkId>{StoreVerify::chunk});
    const Result<bool> there = co_await store.file_is_there(StoreVerify::chunk);
    EXPECT_TRUE(there && !*there);
    // It may be the last replica: what is open is served, and written.
    Result<void> done = co_await store.write(write_of(StoreVerify::chunk, 1, "B"));
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    const std::string letters = co_await letters_at(store, StoreVerify::chunk, 0, 4);
    EXPECT_EQ(letters, "aBcd");
    // Removed and made anew, it is like any other.
    done = co_await store.remove_chunk(StoreVerify::chunk);
    EXPECT_TRUE(done);
    EXPECT_TRUE(store.vanished().empty());
    co_await make(store);
    co_await expect_good(store);
}

TEST_F(StoreVerify, ADeletedFileIsNoticedAndServedWhileItIsOpen) {
    run([this](Runtime&, ChunkStore& store) { return check_deleted(*this, store); });
    run([](Runtime&, ChunkStore& store) { return expect_good(store); });
}

constexpr ChunkId another{0x107};  // in the same folder

Task<void> make_two(ChunkStore& store) {
    co_await make(store);
    const Result<void> done = co_await store.create_chunk(header_for(another));
    EXPECT_TRUE(done);
}

Task<void> write_into_nothing(StoreVerify& test, ChunkStore& store) {
    EXPECT_TRUE(test.machine.unlink(std::string("/cs/") + StoreVerify::chunk_file));
    Result<void> done = co_await store.write(write_of(StoreVerify::chunk, 1, "B"));
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(another, 1, "B"));
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    EXPECT_FALSE(store.failure());
    EXPECT_FALSE(store.find(StoreVerify::chunk));
    EXPECT_EQ(store.vanished(), std::vector<ChunkId>{StoreVerify::chunk});
    std::string letters = co_await letters_at(store, StoreVerify::chunk, 0, 4);
    EXPECT_EQ(letters, "replica_lost");
    letters = co_await letters_at(store, another, 0, 2);
    EXPECT_EQ(letters, ".B");
}

// With nothing open there is nothing to go on with, for that chunk alone.
TEST_F(StoreVerify, ADeletedFileDoesNotEndTheStore) {
    run([](Runtime&, ChunkStore& store) { return make_two(store); });
    run([this](Runtime&, ChunkStore& store) { return write_into_nothing(*this, store); });
    run([](Runtime&, ChunkStore& store) -> Task<void> {
        EXPECT_FALSE(store.find(StoreVerify::chunk));
        EXPECT_TRUE(store.find(another));
        co_return;
    });
}

Task<void> check_awaited(ChunkStore& store) {
    const Result<void> done = co_await store.create_chunk(header_for(StoreVerify::chunk));
    EXPECT_TRUE(done);
    const Found found = co_await verify(store);
    EXPECT_EQ(found.code, Code::ok);
    EXPECT_TRUE(store.vanished().empty());
    const Result<bool> there = co_await store.file_is_there(StoreVerify::chunk);
    EXPECT_TRUE(there && *there);
}

TEST_F(StoreVerify, AFileThatIsNotMadeYetIsNotMissed) {
    options.apply_delay = options.checkpoint_delay = seconds(1000);
    run([](Runtime&, ChunkStore& store) { return check_awaited(store); });
}

}  // namespace
}  // namespace cairn::chunk::test
