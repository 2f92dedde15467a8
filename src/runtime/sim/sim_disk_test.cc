// Simulated disks as programs see them, and each of their faults.
#include "runtime/sim/sim_disk.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "runtime/sim/program_for_test.h"

namespace cairn::sim {
namespace {

constexpr uint32_t half = 500'000;
constexpr uint32_t always = 1'000'000;
constexpr OpenOptions creating{.write = true, .create = true};
constexpr OpenOptions creating_direct{.write = true, .create = true, .caching = Caching::direct};

Task<std::unique_ptr<File>> open_or_die(Disk& disk, std::string path, OpenOptions options) {
    Result<std::unique_ptr<File>> file = co_await disk.open(path, options);
    CHECK(file.has_value());
    co_return std::move(*file);
}

Task<Result<size_t>> write_text(File& file, uint64_t offset, std::string text) {
    const ByteView slice = bytes_of(text);
    Result<size_t> result = co_await file.write(offset, {&slice, 1});
    co_return result;
}

Task<Result<size_t>> write_text_durable(File& file, uint64_t offset, std::string text) {
    const ByteView slice = bytes_of(text);
    Result<size_t> result = co_await file.write_durable(offset, {&slice, 1});
    co_return result;
}

Task<std::string> read_text(File& file, uint64_t offset, size_t length) {
    Bytes bytes(length);
    const Result<size_t> count = co_await file.read(offset, bytes);
    if (!count)
        co_return std::string(name_of(count.code()));
    co_return std::string(text_of(ByteView(bytes).first(*count)));
}

class SimDiskTest : public ::testing::Test {
  protected:
    void run(Main main) { run_program(world_, host_, std::move(main)); }
    void cut_power() {
        world_.cut_power(host_);
        world_.power_on(host_);
    }
    DiskDevice& disk() { return *host_.disks().front(); }

    World world_{1};
    Machine& host_ = world_.add_host(
        {.name = "a",
         .addresses = {"10.0.0.1"},
         .disks = {{.mount = "/", .capacity = mib}, {.mount = "/data/one", .capacity = 10 * mib}}});
};

Task<void> use_names(Runtime& runtime) {
    Disk& disk = runtime.disk;
    const Result<void> made = co_await disk.make_directories("/data/one/x/y");
    EXPECT_TRUE(made);
    std::unique_ptr<File> file = co_await open_or_die(disk, "/data/one/x/f", creating);
    const Result<size_t> written = co_await write_text(*file, 5000, "hello");
    EXPECT_EQ(*written, 5u);
    EXPECT_EQ(*file->size(), 5005u);
    const std::string start = co_await read_text(*file, 4998, 100);
    EXPECT_EQ(start, std::string("\0\0hello", 7));
    const std::string at_end = co_await read_text(*file, 5005, 100);
    EXPECT_EQ(at_end, "");
    const Result<FileStatus> status = co_await disk.status("/data/one/x/f");
    EXPECT_EQ(status->size, 5005u);
    EXPECT_EQ(status->allocated, 4096u);
    const auto entries = co_await disk.list("/data/one/x");
    EXPECT_EQ(entries->size(), 2u);
    EXPECT_EQ((*entries)[0].name, "f");
    EXPECT_TRUE((*entries)[1].is_directory);
    const auto mounts = co_await disk.list("/data");
    EXPECT_EQ(mounts->at(0).name, "one");
    const Result<void> across = co_await disk.rename("/data/one/x/f", "/f");
    EXPECT_FALSE(across);
    const Result<void> renamed = co_await disk.rename("/data/one/x/f", "/data/one/g");
    EXPECT_TRUE(renamed);
    const Result<void> full = co_await disk.remove("/data/one/x");
    EXPECT_EQ(full.code(), Code::not_empty);
    const auto missing = co_await disk.open("/none", {});
    EXPECT_EQ(missing.code(), Code::not_found);
    EXPECT_NE(disk.space("/data/one")->filesystem, disk.space("/")->filesystem);
    EXPECT_EQ(disk.space("/data/one")->free, 10 * mib - 4096);
    EXPECT_EQ(disk.space("relative").code(), Code::not_found);
}

TEST_F(SimDiskTest, NamesFilesAndSpace) {
    run([](Runtime& runtime) { return use_names(runtime); });
    EXPECT_EQ(text_at(host_, "/data/one/g").substr(5000), "hello");
}

Task<void> reshape(Runtime& runtime) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    const Result<size_t> allocated = co_await file->allocate(0, 8 * kib);
    EXPECT_TRUE(allocated);
    EXPECT_EQ(*file->size(), 8 * kib);
    const Result<size_t> nothing = co_await file->allocate(0, 0);
    EXPECT_EQ(nothing.code(), Code::invalid_argument);
    Result<size_t> written = co_await write_text(*file, 0, std::string(8 * kib, 'x'));
    EXPECT_EQ(*written, 8 * kib);
    const Result<size_t> punched = co_await file->punch_hole(4 * kib, 4 * kib);
    EXPECT_TRUE(punched);
    Result<FileStatus> status = co_await runtime.disk.status("/f");
    EXPECT_EQ(status->allocated, 4 * kib);
    EXPECT_EQ(status->size, 8 * kib);
    const std::string zeros = co_await read_text(*file, 4 * kib, 8 * kib);
    EXPECT_EQ(zeros, std::string(4 * kib, '\0'));
    const Result<size_t> cut = co_await file->truncate(3);
    EXPECT_TRUE(cut);
    const Result<size_t> grown = co_await file->truncate(6);
    EXPECT_TRUE(grown);
    const std::string text = co_await read_text(*file, 0, 100);
    EXPECT_EQ(text, std::string("xxx\0\0\0", 6));
    std::unique_ptr<File> reader = co_await open_or_die(runtime.disk, "/f", {});
    written = co_await write_text(*reader, 0, "y");
    EXPECT_FALSE(written);
}

TEST_F(SimDiskTest, AllocatesPunchesAndTruncates) {
    run([](Runtime& runtime) { return reshape(runtime); });
}

Task<void> write_three_ways(Runtime& runtime) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    Result<size_t> done = co_await write_text(*file, 0, "synced ");
    const Result<size_t> synced = co_await file->sync();
    EXPECT_TRUE(synced);
    done = co_await write_text_durable(*file, 512, "durable");
    EXPECT_EQ(*done, 7u);
    done = co_await write_text(*file, 0, "unsynced");
    EXPECT_EQ(*done, 8u);
    const Result<void> named = co_await runtime.disk.sync_directory("/");
    EXPECT_TRUE(named);
}

TEST_F(SimDiskTest, APowerCutKeepsWhatIsDurableAndAKillKeepsEverything) {
    run([](Runtime& runtime) { return write_three_ways(runtime); });
    EXPECT_EQ(text_at(host_, "/f").substr(0, 8), "unsynced");
    const uint64_t boot = host_.boot_id();
    cut_power();
    EXPECT_NE(host_.boot_id(), boot);
    EXPECT_EQ(text_at(host_, "/f").substr(0, 8), std::string("synced \0", 8));
    EXPECT_EQ(text_at(host_, "/f").substr(512), "durable");
    run([](Runtime& runtime) { return write_three_ways(runtime); });
    world_.shut_down(host_);
    EXPECT_EQ(text_at(host_, "/f").substr(0, 8), "unsynced");
}

Task<void> write_without_directory_sync(Runtime& runtime) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    const Result<size_t> done = co_await write_text_durable(*file, 0, "durable");
    EXPECT_TRUE(done);
}

TEST_F(SimDiskTest, ANameThatWasNotSyncedGoesWithTheDurableData) {
    run([](Runtime& runtime) { return write_without_directory_sync(runtime); });
    EXPECT_EQ(text_at(host_, "/f"), "durable");
    cut_power();
    EXPECT_EQ(text_at(host_, "/f"), "not_found");
    EXPECT_EQ(world_.probe("cut undoes name"), 1u);
}

Task<void> replace(Runtime& runtime, std::string text) {
    const Result<void> replaced = co_await replace_file(
        runtime.disk, "/config",
        Bytes(ByteView(bytes_of(text)).begin(), ByteView(bytes_of(text)).end()));
    EXPECT_TRUE(replaced);
}

TEST_F(SimDiskTest, AReplacedFileIsOldOrNewWheneverPowerIsCut) {
    run([](Runtime& runtime) { return replace(runtime, "old"); });
    FaultPlan plan;
    plan.disk.cut_loss = plan.disk.cut_tear = plan.disk.cut_undo = half;
    world_.set_faults(plan);
    std::map<std::string, int> seen;
    for (int round = 0; round < 200; round++) {
        world_.start(host_, "program", [](Runtime& runtime) { return replace(runtime, "new"); });
        world_.run_for(microseconds(static_cast<int64_t>(world_.random().below(8000))));
        cut_power();
        const std::string text = text_at(host_, "/config");
        EXPECT_TRUE(text == "old" || text == "new") << text;
        seen[text]++;
        run([](Runtime& runtime) { return replace(runtime, "old"); });
    }
    EXPECT_GT(seen["old"], 20);
    EXPECT_GT(seen["new"], 20);
}

Task<void> fill_up(Runtime& runtime, std::vector<Code>& codes) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    uint64_t offset = 0;
    while (true) {
        const Result<size_t> done = co_await write_text(*file, offset, std::string(100'000, 'x'));
        if (!done) {
            codes.push_back(done.code());
            break;
        }
        offset += *done;
    }
    EXPECT_EQ(offset, mib);
    EXPECT_EQ(runtime.disk.space("/")->free, 0u);
    const Result<size_t> allocated = co_await file->allocate(2 * mib, 4096);
    codes.push_back(allocated.code());
    const Result<size_t> over = co_await write_text(*file, 0, "overwriting needs no space");
    codes.push_back(over.code());
    const Result<size_t> punched = co_await file->punch_hole(0, 8192);
    codes.push_back(punched.code());
    const Result<size_t> again = co_await write_text(*file, offset, std::string(100'000, 'x'));
    EXPECT_EQ(*again, 8192u);
}

TEST_F(SimDiskTest, AFullDiskSaysSoAndTakesWhatFits) {
    std::vector<Code> codes;
    run([&codes](Runtime& runtime) { return fill_up(runtime, codes); });
    EXPECT_EQ(codes, (std::vector<Code>{Code::no_space, Code::no_space, Code::ok, Code::ok}));
    EXPECT_GT(world_.probe("disk full"), 0u);
}

Task<void> write_direct(Runtime& runtime, size_t skew) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating_direct);
    Buffer buffer = Buffer::zeroed(3 * block_size);
    const ByteView slice = buffer.slice(skew, block_size).view();
    const Result<size_t> done = co_await file->write(0, {&slice, 1});
    EXPECT_EQ(*done, block_size);
    const Result<size_t> read = co_await file->read(0, buffer.mutable_view());
    EXPECT_EQ(*read, block_size);
}

using SimDiskDeathTest = SimDiskTest;

TEST_F(SimDiskDeathTest, DirectFilesTakeAlignedMemoryOnly) {
    run([](Runtime& runtime) { return write_direct(runtime, 0); });
    EXPECT_DEATH(run([](Runtime& runtime) { return write_direct(runtime, 512); }), "aligned");
}

Task<void> hold_lock(Runtime& runtime, Code& code, Duration duration) {
    const Result<std::unique_ptr<FileLock>> lock = runtime.disk.lock("/lock");
    code = lock.code();
    const auto again = runtime.disk.lock("/lock");
    EXPECT_EQ(again.code(), Code::busy);
    co_await Sleep(runtime.loop, duration);
}

TEST_F(SimDiskTest, ALockIsHeldUntilItsProcessEnds) {
    Code first = Code::cancelled;
    Code second = Code::cancelled;
    Process& holder = world_.start(host_, "holder", [&first](Runtime& runtime) {
        return hold_lock(runtime, first, seconds(1000));
    });
    world_.run_for(seconds(1));
    EXPECT_EQ(first, Code::ok);
    const auto try_lock = [&second](Runtime& runtime) {
        return hold_lock(runtime, second, seconds(1));
    };
    run(try_lock);
    EXPECT_EQ(second, Code::busy);
    world_.kill(holder);
    run(try_lock);
    EXPECT_EQ(second, Code::ok);
    run(try_lock);
    EXPECT_EQ(second, Code::ok);
}

// ---- faults ----

struct Counts {
    int failed = 0;
    int moved_less = 0;
    int wrong = 0;
    Duration longest;
};

// Writes, syncs and reads back 8 KiB, many times.
Task<void> exercise(Runtime& runtime, int rounds, Counts& counts) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    for (int i = 0; i < rounds; i++) {
        const std::string text(8 * kib, static_cast<char>('a' + i % 26));
        const Instant start = runtime.clock.now();
        const Result<size_t> written = co_await write_text(*file, 0, text);
        counts.longest = std::max(counts.longest, runtime.clock.now() - start);
        counts.failed += written ? 0 : 1;
        counts.moved_less += written && *written < text.size() ? 1 : 0;
        const Result<size_t> synced = co_await file->sync();
        counts.failed += synced ? 0 : 1;
        Bytes back(text.size());
        const Result<size_t> read = co_await file->read(0, back);
        counts.failed += read ? 0 : 1;
        counts.moved_less += read && *read < text.size() ? 1 : 0;
        if (read && written && *read == text.size() && *written == text.size())
            counts.wrong += text_of(back) == text ? 0 : 1;
    }
}

Counts run_with(const DiskFaults& faults, std::string_view probe) {
    World world(5);
    Machine& host = add_host(world, "a", "10.0.0.1");
    Counts counts;
    run_program(world, host, [&counts](Runtime& runtime) { return exercise(runtime, 1, counts); });
    EXPECT_EQ(world.probe(probe), 0u);
    host.disks().front()->set_faults(faults);
    run_program(world, host,
                [&counts](Runtime& runtime) { return exercise(runtime, 200, counts); });
    EXPECT_GT(world.probe(probe), 0u) << probe;
    world.heal();
    Counts healed;
    run_program(world, host,
                [&healed](Runtime& runtime) { return exercise(runtime, 200, healed); });
    EXPECT_EQ(healed.failed + healed.moved_less + healed.wrong, 0);
    EXPECT_LT(healed.longest, milliseconds(10));
    return counts;
}

constexpr uint32_t tenth = 100'000;

TEST(DiskFaults, ErrorsAreTold) {
    EXPECT_GT(run_with({.read_error = tenth}, "read error").failed, 5);
    EXPECT_GT(run_with({.write_error = tenth}, "write error").failed, 5);
    EXPECT_GT(run_with({.sync_error = tenth}, "sync error").failed, 5);
}

TEST(DiskFaults, ShortTransfersAreTold) {
    EXPECT_GT(run_with({.short_read = tenth}, "short disk read").moved_less, 5);
    EXPECT_GT(run_with({.short_write = tenth}, "short disk write").moved_less, 5);
}

TEST(DiskFaults, RotIsNot) {
    const Counts counts = run_with({.bit_rot = tenth}, "flipped bit");
    EXPECT_GT(counts.wrong, 5);
    EXPECT_EQ(counts.failed, 0);
}

TEST(DiskFaults, ASlowDiskIsSlow) {
    EXPECT_GT(run_with({.slow = tenth, .slow_max = seconds(2)}, "slow disk").longest, seconds(1));
}

Task<void> write_pages(Runtime& runtime) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    for (uint64_t page = 0; page < 64; page++) {
        const Result<size_t> written = co_await write_text(
            *file, page * page_size, std::string(page_size, static_cast<char>('0' + page)));
        EXPECT_EQ(*written, page_size);
    }
}

TEST_F(SimDiskTest, AMisdirectedWriteLandsElsewhereAndSaysNothing) {
    run([](Runtime& runtime) { return write_pages(runtime); });
    const std::string right = text_at(host_, "/f");
    DiskFaults faults;
    faults.misdirected_write = tenth;
    disk().set_faults(faults);
    run([](Runtime& runtime) { return write_pages(runtime); });
    EXPECT_GT(world_.probe("misdirected write"), 0u);
    EXPECT_NE(text_at(host_, "/f"), right);
    EXPECT_EQ(text_at(host_, "/f").size(), right.size());
}

Task<void> meet_no_space(Runtime& runtime, int& refused) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    for (uint64_t page = 0; page < 100; page++) {
        const Result<size_t> written = co_await write_text(*file, page * page_size, "x");
        refused += written.code() == Code::no_space ? 1 : 0;
    }
}

TEST_F(SimDiskTest, SpaceMayRunOutForAMoment) {
    DiskFaults faults;
    faults.no_space = tenth;
    disk().set_faults(faults);
    int refused = 0;
    run([&refused](Runtime& runtime) { return meet_no_space(runtime, refused); });
    EXPECT_GT(refused, 2);
    EXPECT_LT(refused, 30);
}

Task<void> expect_read(Runtime& runtime, std::string path, uint64_t offset, Code expected) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, path, creating);
    Bytes bytes(10);
    const Result<size_t> count = co_await file->read(offset, bytes);
    EXPECT_EQ(count.code(), expected) << "at " << offset;
}

TEST_F(SimDiskTest, ABrokenRangeFailsUntilItIsWritten) {
    run([](Runtime& runtime) { return write_pages(runtime); });
    EXPECT_TRUE(disk().break_range("/f", 10 * page_size, page_size));
    run([](Runtime& runtime) {
        return expect_read(runtime, "/f", 10 * page_size + 7, Code::io_error);
    });
    run([](Runtime& runtime) { return expect_read(runtime, "/f", 11 * page_size, Code::ok); });
    run([](Runtime& runtime) { return write_pages(runtime); });
    run([](Runtime& runtime) { return expect_read(runtime, "/f", 10 * page_size, Code::ok); });
}

TEST_F(SimDiskTest, ACorruptedByteStaysCorruptedOverAPowerCut) {
    run([](Runtime& runtime) { return write_three_ways(runtime); });
    EXPECT_TRUE(host_.corrupt("/f", 512, 0x20));
    EXPECT_EQ(host_.corrupt("/f", 100'000).code(), Code::out_of_range);
    EXPECT_EQ(host_.corrupt("/none", 0).code(), Code::not_found);
    cut_power();
    EXPECT_EQ(text_at(host_, "/f").substr(512), "Durable");
}

Task<void> write_and_sync_pages(Runtime& runtime) {
    co_await write_pages(runtime);
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    const Result<size_t> synced = co_await file->sync();
    EXPECT_TRUE(synced);
    EXPECT_TRUE(co_await runtime.disk.sync_directory("/"));
}

TEST_F(SimDiskTest, AMisplacedPageStandsInBothPlaces) {
    run([](Runtime& runtime) { return write_and_sync_pages(runtime); });
    const auto page_at = [this](uint64_t index) {
        return text_at(host_, "/f").substr(index * page_size, page_size);
    };
    const std::string source = page_at(3);
    ASSERT_NE(source, page_at(10));
    EXPECT_TRUE(host_.misplace("/f", 3 * page_size, 10 * page_size));
    EXPECT_EQ(host_.misplace("/f", 3 * page_size, 10 * page_size).code(), Code::out_of_range);
    cut_power();
    EXPECT_EQ(page_at(3), source);
    EXPECT_EQ(page_at(10), source);
}

Task<void> meet_sync_error(Runtime& runtime, std::vector<Code>& codes) {
    std::unique_ptr<File> file = co_await open_or_die(runtime.disk, "/f", creating);
    std::unique_ptr<File> other = co_await open_or_die(runtime.disk, "/f", creating);
    const Result<size_t> written = co_await write_text(*file, 0, "lost");
    EXPECT_TRUE(written);
    const Result<void> named = co_await runtime.disk.sync_directory("/");
    EXPECT_FALSE(named);  // this fails too while the fault is on
    for (File* handle : {file.get(), file.get(), other.get(), other.get()}) {
        const Result<size_t> synced = co_await handle->sync();
        codes.push_back(synced.code());
    }
}

TEST_F(SimDiskTest, AFailedSyncTellsEachHandleOnceAndKeepsNothing) {
    DiskFaults faults;
    faults.sync_error = always;
    disk().set_faults(faults);
    std::vector<Code> codes;
    run([&codes](Runtime& runtime) { return meet_sync_error(runtime, codes); });
    EXPECT_EQ(codes, (std::vector<Code>{Code::io_error, Code::ok, Code::io_error, Code::ok}));
    world_.shut_down(host_);  // writes back what is dirty: nothing is
    EXPECT_EQ(text_at(host_, "/f"), "");
}

}  // namespace
}  // namespace cairn::sim
