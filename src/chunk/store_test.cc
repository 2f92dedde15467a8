// What a store does, one ability after the other. What it survives is in the other store_*_test.cc.
#include "chunk/store.h"

#include <gtest/gtest.h>

#include "chunk/store_fixture_for_test.h"

namespace cairn::chunk::test {
namespace {

class Store : public StoreFixture {};

Task<void> make_and_fill(ChunkStore& store, std::string letters) {
    const Result<void> made = co_await store.create_chunk(header_for(StoreFixture::chunk));
    EXPECT_TRUE(made);
    const Result<void> written = co_await store.write(write_of(StoreFixture::chunk, 0, letters));
    EXPECT_TRUE(written);
    const Result<void> flushed = co_await store.flush();
    EXPECT_TRUE(flushed);
}

Task<void> write_and_read(Runtime&, ChunkStore& store) {
    co_await make_and_fill(store, "abcd");
    Result<void> done = co_await store.write(write_of(Store::chunk, 254, "xyz"));
    EXPECT_TRUE(done);
    const std::string start = co_await letters_at(store, Store::chunk, 0, 6);
    EXPECT_EQ(start, "abcd..");
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    const std::string placed = co_await letters_at(store, Store::chunk, 252, 6);
    EXPECT_EQ(placed, "..xyz.");
    // Base, pending, zeros and holes in one read.
    done = co_await store.write(write_of(Store::chunk, 255, "Q"));
    EXPECT_TRUE(done);
    done = co_await store.write_zeros(
        {.tag = {.chunk = Store::chunk, .version = {}, .file = {}, .epoch = {}},
         .first_block = 256,
         .count = 1});
    EXPECT_TRUE(done);
    const std::string mixed = co_await letters_at(store, Store::chunk, 252, 6);
    EXPECT_EQ(mixed, "..xQ..");
    std::vector<BadBlock> bad;
    const Result<ChunkRead> read = co_await store.read(Store::chunk, 252, 6, bad);
    const std::vector<std::pair<uint32_t, uint32_t>> runs{{0, 2}, {4, 2}};
    EXPECT_EQ(read->zero_runs, runs);
}

TEST_F(Store, WritesAndReads) {
    run(write_and_read);
}

Task<void> compare_digests(Runtime&, ChunkStore& store) {
    const ChunkId other(8);
    co_await make_and_fill(store, "a.b");
    const Result<uint64_t> pending = co_await store.digest(Store::chunk);
    Result<void> done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    const Result<uint64_t> placed = co_await store.digest(Store::chunk);
    EXPECT_EQ(*pending, *placed);
    const auto sums = co_await store.table(Store::chunk, 0, 4);
    EXPECT_EQ(sums->at(1).checksum, zero_block_checksum(Store::chunk, 1));
    EXPECT_EQ(sums->at(3).checksum, zero_block_checksum(Store::chunk, 3));
    // Zeros written and zeros never written are the same content.
    done = co_await store.write_zeros(
        {.tag = {.chunk = Store::chunk, .version = {}, .file = {}, .epoch = {}},
         .first_block = 1,
         .count = 1,
         .punch = true});
    EXPECT_TRUE(done);
    const Result<uint64_t> punched = co_await store.digest(Store::chunk);
    EXPECT_EQ(*punched, *placed);
    done = co_await store.write(write_of(Store::chunk, 2, "c"));
    EXPECT_TRUE(done);
    const Result<uint64_t> changed = co_await store.digest(Store::chunk);
    EXPECT_NE(*changed, *placed);
    const Result<uint64_t> missing = co_await store.digest(other);
    EXPECT_EQ(missing.code(), Code::replica_lost);
}

TEST_F(Store, DigestsSayWhetherContentIsEqual) {
    run(compare_digests);
}

Task<void> ask_for_nonsense(Runtime&, ChunkStore& store) {
    co_await make_and_fill(store, "abcd");
    const auto write = [&](ChunkWrite what) {
        return store.write(std::move(what));
    };
    Result<void> done = co_await store.create_chunk(header_for(Store::chunk));
    EXPECT_EQ(done.code(), Code::already_exists);
    done = co_await store.create_chunk(header_for(ChunkId(9), 100'000));
    EXPECT_EQ(done.code(), Code::invalid_argument);
    done = co_await write(write_of(ChunkId(9), 0, "a"));
    EXPECT_EQ(done.code(), Code::replica_lost);
    done = co_await write(write_of(Store::chunk, 511, "ab"));
    EXPECT_EQ(done.code(), Code::out_of_range);
    done = co_await write(write_of(Store::chunk, UINT32_MAX, "a"));
    EXPECT_EQ(done.code(), Code::out_of_range);
    ChunkWrite wrong = write_of(Store::chunk, 0, "e");
    wrong.checksums[0]++;
    done = co_await write(std::move(wrong));
    EXPECT_EQ(done.code(), Code::corrupt);
    ChunkWrite elsewhere = write_of(Store::chunk, 0, "e");
    elsewhere.first_block = 1;
    done = co_await write(std::move(elsewhere));
    EXPECT_EQ(done.code(), Code::corrupt);
    ChunkWrite short_one = write_of(Store::chunk, 0, "e");
    short_one.data = short_one.data.slice(0, 100);
    done = co_await write(std::move(short_one));
    EXPECT_EQ(done.code(), Code::invalid_argument);
    std::vector<BadBlock> bad;
    const auto none = co_await store.read(Store::chunk, 0, 0, bad);
    EXPECT_EQ(none.code(), Code::out_of_range);
    done = co_await store.set_version(ChunkId(9), Version(2));
    EXPECT_EQ(done.code(), Code::replica_lost);
    done = co_await store.set_file_epoch(FileId(), LeaseEpoch(1));
    EXPECT_EQ(done.code(), Code::invalid_argument);
    done = co_await store.remove_chunk(ChunkId(9));
    EXPECT_TRUE(done);
    const std::string after = co_await letters_at(store, Store::chunk, 0, 4);
    EXPECT_EQ(after, "abcd");
}

TEST_F(Store, RefusesNonsense) {
    run(ask_for_nonsense);
}

Task<void> raise_versions(Runtime&, ChunkStore& store) {
    co_await make_and_fill(store, "ab");
    Result<void> done = co_await store.write(write_of(Store::chunk, 0, "c", Version(3)));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.find(Store::chunk)->version, Version(3));
    done = co_await store.write(write_of(Store::chunk, 0, "d", Version(2)));
    EXPECT_EQ(done.code(), Code::stale_map);
    done = co_await store.set_version(Store::chunk, Version(5));
    EXPECT_TRUE(done);
    done = co_await store.set_version(Store::chunk, Version(4));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.find(Store::chunk)->version, Version(5));
    done = co_await store.set_state(Store::chunk, ChunkState::joining, Version(4));
    EXPECT_EQ(done.code(), Code::stale_map);
    done = co_await store.set_state(Store::chunk, ChunkState::joining, Version(6));
    EXPECT_TRUE(done);
    ChunkWrite tagged = write_of(Store::chunk, 1, "e", Version(6));
    tagged.tag.file = FileId(20);
    tagged.tag.epoch = LeaseEpoch(9);
    done = co_await store.write(std::move(tagged));
    EXPECT_TRUE(done);
    EXPECT_EQ(store.file_epoch(FileId(20)), LeaseEpoch(9));
    ChunkWrite late = write_of(Store::chunk, 1, "f", Version(6));
    late.tag.file = FileId(20);
    late.tag.epoch = LeaseEpoch(8);
    done = co_await store.write(std::move(late));
    EXPECT_EQ(done.code(), Code::stale_map);
    done = co_await store.set_log_position(LogIndex(40));
    EXPECT_TRUE(done);
    done = co_await store.set_log_position(LogIndex(30));
    EXPECT_TRUE(done);
    done = co_await store.flush();
    EXPECT_TRUE(done);
}

Task<void> expect_raised(Runtime&, ChunkStore& store) {
    const std::optional<ChunkHeader> header = store.header(Store::chunk);
    EXPECT_EQ(header->version, Version(6));
    EXPECT_EQ(header->state, ChunkState::joining);
    EXPECT_EQ(header->layout, "replicas=3:2");
    EXPECT_EQ(header->path_hint, "/disks/one");
    EXPECT_EQ(header->cluster, Store::cluster);
    EXPECT_EQ(store.file_epoch(FileId(20)), LeaseEpoch(9));
    EXPECT_EQ(store.log_position(), LogIndex(40));
    const std::string letters = co_await letters_at(store, Store::chunk, 0, 3);
    EXPECT_EQ(letters, "ce.");
}

TEST_F(Store, VersionsAndEpochsNeverGoBack) {
    run(raise_versions, Ending::power_cut);
    run(expect_raised);
    run(expect_raised);
}

Task<void> do_nothing(Runtime&, ChunkStore&) {
    co_return;
}

Task<void> admit(Runtime&, ChunkStore& store) {
    const Result<void> admitted = co_await store.set_admitted();
    EXPECT_TRUE(admitted);
}

TEST_F(Store, TellsCleanStartsFromUncleanOnes) {
    run(do_nothing);
    EXPECT_FALSE(report.unclean);
    EXPECT_EQ(report.sync_epoch, 1u);
    world.shut_down(machine);  // stopped in order before: another boot changes nothing
    world.power_on(machine);
    run(do_nothing, Ending::kill);
    EXPECT_FALSE(report.unclean);
    run(do_nothing, Ending::power_cut);
    EXPECT_FALSE(report.unclean);
    EXPECT_EQ(report.integrity_sequence, 1u);
    run(do_nothing, Ending::kill);
    EXPECT_TRUE(report.unclean);
    EXPECT_TRUE(report.integrity_raised);
    EXPECT_EQ(report.integrity_sequence, 2u);
    // Nobody has believed it since.
    run(admit);
    EXPECT_TRUE(report.unclean);
    EXPECT_FALSE(report.integrity_raised);
    run(do_nothing);
    EXPECT_FALSE(report.unclean);
    EXPECT_EQ(report.integrity_sequence, 2u);
    EXPECT_EQ(report.sync_epoch, 6u);
}

Task<void> accept_start(Runtime&, ChunkStore& store) {
    const Result<void> accepted = co_await store.set_start_accepted();
    EXPECT_TRUE(accepted);
}

using Marks = std::vector<uint64_t>;

TEST_F(Store, KnowsItsStartsSinceTheLastThatWasAccepted) {
    run(do_nothing, Ending::kill);
    EXPECT_EQ(report.earlier_marks, Marks());
    const uint64_t first = report.start_mark;
    EXPECT_NE(first, 0U);
    run(do_nothing, Ending::power_cut);
    EXPECT_EQ(report.earlier_marks, Marks({first}));
    const uint64_t second = report.start_mark;
    EXPECT_NE(second, first);
    run(accept_start, Ending::kill);
    EXPECT_EQ(report.earlier_marks, Marks({first, second}));
    const uint64_t third = report.start_mark;
    run(accept_start, Ending::power_cut);
    EXPECT_EQ(report.earlier_marks, Marks({third}));
    const uint64_t fourth = report.start_mark;
    run(do_nothing);
    EXPECT_EQ(report.earlier_marks, Marks({fourth}));
}

TEST_F(Store, AnEmptyDirectoryIsLeftEmpty) {
    run(do_nothing);
    sim::TreeImage empty;
    empty.is_directory = true;
    EXPECT_TRUE(machine.restore("/mount-point", empty));
    options.path = "/mount-point";
    EXPECT_EQ(open_code(), Code::not_found);
    EXPECT_TRUE(machine.peek_directory("/mount-point")->empty());
    options.path = "/nowhere";
    EXPECT_EQ(open_code(), Code::not_found);
    EXPECT_FALSE(machine.peek_directory("/nowhere"));
}

Task<void> open_again(Runtime& runtime, ChunkStore& store) {
    StoreOptions options;
    options.path = "/cs";
    const auto second = co_await ChunkStore::open(runtime, options, Store::cluster);
    EXPECT_EQ(second.code(), Code::busy);
    const Result<void> made = co_await ChunkStore::create(runtime, "/cs", store.identity(), mib);
    EXPECT_FALSE(made);
}

Task<void> open_wrongly(Runtime& runtime, ChunkStore&) {
    StoreOptions options;
    options.path = "/none";
    auto store = co_await ChunkStore::open(runtime, options, Store::cluster);
    EXPECT_EQ(store.code(), Code::not_found);
    const Result<void> made = co_await ChunkStore::create(
        runtime, "/other", {.cluster = ClusterId{{1}}, .cs = CsId(1026)}, 64 * kib);
    EXPECT_TRUE(made);
    options.path = "/other";
    store = co_await ChunkStore::open(runtime, options, Store::cluster);
    EXPECT_EQ(store.code(), Code::wrong_cluster);
    EXPECT_NE(store.error().message().find(to_string(Store::cluster)), std::string::npos);
    const Result<void> twice = co_await ChunkStore::create(
        runtime, "/other", {.cluster = ClusterId{{1}}, .cs = CsId(1026)}, 64 * kib);
    EXPECT_EQ(twice.code(), Code::already_exists);
    const Result<void> tiny = co_await ChunkStore::create(
        runtime, "/tiny", {.cluster = ClusterId{{1}}, .cs = CsId(1026)}, 32 * kib);
    EXPECT_EQ(tiny.code(), Code::invalid_argument);
}

TEST_F(Store, IsOpenedByOneAndOfItsCluster) {
    run(open_again);
    run(open_wrongly);
}

Task<void> use_and_free_space(Runtime& runtime, ChunkStore& store) {
    co_await make_and_fill(store, std::string(64, 'a'));
    Result<void> done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    const uint64_t filled = store.space()->free;
    done = co_await store.write_zeros(
        {.tag = {.chunk = Store::chunk, .version = {}, .file = {}, .epoch = {}},
         .first_block = 0,
         .count = 32,
         .punch = true});
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    EXPECT_EQ(store.space()->free, filled + 32 * block_size);
    done = co_await store.write_zeros(
        {.tag = {.chunk = Store::chunk, .version = {}, .file = {}, .epoch = {}},
         .first_block = 32,
         .count = 16});
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    EXPECT_EQ(store.space()->free, filled + 32 * block_size);
    const std::string letters = co_await letters_at(store, Store::chunk, 30, 20);
    EXPECT_EQ(letters, "..................aa");
    done = co_await store.remove_chunk(Store::chunk);
    EXPECT_TRUE(done);
    EXPECT_FALSE(store.find(Store::chunk));
    co_await Sleep(runtime.loop, seconds(1));
    EXPECT_GE(store.space()->free, filled + 64 * block_size);
    const auto files = co_await runtime.disk.list("/cs/chunks/07");
    EXPECT_TRUE(files->empty());
}

TEST_F(Store, GivesSpaceBack) {
    run(use_and_free_space);
}

Task<void> fill_disk(Runtime& runtime, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(Store::chunk, 128 * mib));
    EXPECT_TRUE(done);
    uint32_t written = 0;
    while (true) {
        done = co_await store.write(write_of(Store::chunk, written, std::string(16, 'a')));
        if (!done)
            break;
        written += 16;
    }
    EXPECT_EQ(done.code(), Code::no_space);
    do {
        done = co_await store.write(write_of(Store::chunk, written, "a"));
        written += done ? 1 : 0;
    } while (done);
    EXPECT_EQ(done.code(), Code::no_space);
    EXPECT_GT(written, 14'000u);  // of 16 384 blocks on the disk
    // What has its space can be written again, for ever; what has not is refused.
    for (uint32_t i = 0; i < written; i += 512) {
        done = co_await store.write(write_of(Store::chunk, i, "b"));
        EXPECT_TRUE(done);
    }
    done = co_await store.write(write_of(Store::chunk, written + 100, "c"));
    EXPECT_EQ(done.code(), Code::no_space);
    done = co_await store.write_zeros(
        {.tag = {.chunk = Store::chunk, .version = {}, .file = {}, .epoch = {}},
         .first_block = 0,
         .count = 256,
         .punch = true});
    EXPECT_TRUE(done);
    done = co_await store.checkpoint_now();
    EXPECT_TRUE(done);
    done = co_await store.write(write_of(Store::chunk, written + 100, "d"));
    EXPECT_TRUE(done);
    co_await Sleep(runtime.loop, seconds(60));
    EXPECT_FALSE(store.failure());
    const std::string letters = co_await letters_at(store, Store::chunk, written + 99, 3);
    EXPECT_EQ(letters, ".d.");
}

TEST_F(Store, RefusesWhatTheDiskHasNoSpaceFor) {
    run(fill_disk);
}

Task<void> write_much(Runtime&, ChunkStore& store) {
    Result<void> done = co_await store.create_chunk(header_for(Store::chunk, 16 * mib));
    EXPECT_TRUE(done);
    for (uint32_t i = 0; i < 4096; i += 256) {
        const char letter = static_cast<char>('a' + i / 256);
        done = co_await store.write(write_of(Store::chunk, i, std::string(256, letter)));
        EXPECT_TRUE(done);
    }
    // In the middle of a larger buffer, so not at a multiple of 4 KiB in memory.
    ChunkWrite odd = write_of(Store::chunk, 0, "ZY");
    Buffer larger = Buffer::zeroed(size_t{3} * block_size);
    std::ranges::copy(odd.data.view(), larger.mutable_view().begin() + 100);
    odd.data = larger.slice(100, size_t{2} * block_size);
    done = co_await store.write(std::move(odd));
    EXPECT_TRUE(done);
    const std::string letters = co_await letters_at(store, Store::chunk, 0, 4);
    EXPECT_EQ(letters, "ZYaa");
    done = co_await store.flush();
    EXPECT_TRUE(done);
}

Task<void> read_much(Runtime&, ChunkStore& store) {
    for (uint32_t i = 256; i < 4096; i += 256) {
        const std::string letters = co_await letters_at(store, Store::chunk, i, 256);
        EXPECT_EQ(letters, std::string(256, static_cast<char>('a' + i / 256)));
    }
}

// Sixteen times what may be pending, eight times what the ring holds: writers wait, no more.
TEST_F(Store, TakesMoreThanItsMemoryAndItsJournalHold) {
    journal_size = 2 * mib;
    options.pending_bytes_max = mib;
    options.table_pages_clean_max = 2;
    run(write_much, Ending::power_cut);
    run(read_much);
}

Task<void> fail_sync(sim::DiskDevice& disk, ChunkStore& store) {
    sim::DiskFaults faults;
    faults.sync_error = 1'000'000;
    co_await make_and_fill(store, "ab");
    Result<void> done = co_await store.write(write_of(Store::chunk, 0, "c"));
    EXPECT_TRUE(done);
    disk.set_faults(faults);
    EXPECT_FALSE(store.failed().is_set());
    done = co_await store.flush();
    EXPECT_EQ(done.code(), Code::io_error);
    EXPECT_TRUE(store.failed().is_set());
    disk.heal();
    // The disk may be well again; what it lost is lost.
    done = co_await store.flush();
    EXPECT_EQ(done.code(), Code::io_error);
    done = co_await store.write(write_of(Store::chunk, 0, "d"));
    EXPECT_EQ(done.code(), Code::io_error);
    const std::string letters = co_await letters_at(store, Store::chunk, 0, 2);
    EXPECT_EQ(letters, "io_error");
    done = co_await store.create_chunk(header_for(ChunkId(8)));
    EXPECT_EQ(done.code(), Code::io_error);
}

TEST_F(Store, AFailedSyncEndsIt) {
    sim::DiskDevice& disk = *machine.disks().front();
    run([&disk](Runtime&, ChunkStore& store) { return fail_sync(disk, store); });
    run(do_nothing);
    EXPECT_TRUE(report.integrity_raised);
}

// What is said without data leaves nothing to apply.
Task<void> hear_and_wait(Runtime& runtime, ChunkStore& store) {
    for (uint64_t minute = 1; minute <= 30; minute++) {
        const Result<void> heard = co_await store.set_log_position(LogIndex(minute));
        EXPECT_TRUE(heard);
        co_await Sleep(runtime.loop, seconds(60));
    }
}

// A daemon that nobody asks for anything must not take a core.
TEST_F(Store, SleepsWhenThereIsNothingToDo) {
    run(hear_and_wait);
    EXPECT_LT(world.events(), 5000U);
}

}  // namespace
}  // namespace cairn::chunk::test
