// FileDevice on simulated disks: against a model under short and slow operations, and what is left
// of it after power cuts and failed syncs.
#include "block/file_device.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/size.h"
#include "block/testing.h"
#include "runtime/sim/world.h"

namespace cairn::block {
namespace {

constexpr const char* path = "/disk.img";

Task<void> make_file(Runtime& runtime, uint64_t size) {
    Result<std::unique_ptr<File>> file =
        co_await runtime.disk.open(path, {.write = true, .create = true});
    CHECK(file.has_value());
    Result<size_t> resized = co_await (*file)->truncate(size);
    CHECK(resized.has_value());
    Result<size_t> synced = co_await (*file)->sync();
    CHECK(synced.has_value());
    Result<void> named = co_await runtime.disk.sync_directory("/");
    CHECK(named.has_value());
}

Task<std::unique_ptr<FileDevice>> open_device(Runtime& runtime, FileDeviceOptions options = {}) {
    Result<std::unique_ptr<FileDevice>> device = co_await FileDevice::open(runtime, path, options);
    CHECK_NOTE(device.has_value(), device.error().message());
    co_return std::move(device).value();
}

// A world of one host with one file, in which a test's coroutine is the only program.
class FileDeviceTest : public testing::Test {
  protected:
    // Runs `main` to its end; it must come within simulated minutes.
    void run(sim::Main main) {
        sim::Process& process = world_.start(host_, "test", std::move(main));
        ASSERT_TRUE(world_.run_until([&process] { return !process.running(); }, seconds(600)));
    }
    void make(uint64_t size) {
        run([size](Runtime& runtime) { return make_file(runtime, size); });
    }

    sim::World world_{1};
    sim::Machine& host_ = world_.add_host({.name = "a", .addresses = {"10.0.0.1"}, .disks = {{}}});
};

// One of several writers, each with a region of its own that shares its first and last block with
// its neighbours'. Whoever loses a neighbour's bytes while merging is found out.
struct Region {
    uint64_t start;
    std::vector<std::byte> content;  // what it should hold
};

Task<void> change_once(BlockDevice& device, Region& region, Xoshiro& generator) {
    const uint64_t at = generator.below(region.content.size());
    const uint64_t length = 1 + generator.below(region.content.size() - at);
    const auto begin = region.content.begin() + static_cast<std::ptrdiff_t>(at);
    Result<void> done;
    if (generator.below(4) == 0) {
        std::fill_n(begin, length, std::byte{0});
        const ZeroFlags flags{.fua = generator.below(8) == 0, .no_hole = generator.below(2) == 0};
        done = co_await device.zero(region.start + at, length, flags);
    } else {
        const Buffer data = pattern(at, length, static_cast<uint8_t>(generator.next()));
        std::copy(data.view().begin(), data.view().end(), begin);
        done = co_await device.write(region.start + at, data, {.fua = generator.below(8) == 0});
    }
    EXPECT_TRUE(done);
}

Task<void> check_region(BlockDevice& device, const Region& region) {
    Result<Buffer> content =
        co_await device.read(region.start, static_cast<uint32_t>(region.content.size()));
    EXPECT_TRUE(content && same(content->view(), region.content)) << "region " << region.start;
}

Task<void> change_often(BlockDevice& device, Region& region, uint64_t seed) {
    Xoshiro generator(seed);
    for (int i = 0; i < 60; i++) {
        co_await change_once(device, region, generator);
        if (generator.below(3) == 0)
            co_await check_region(device, region);
    }
}

Task<void> extents_are_true(BlockDevice& device) {
    uint64_t at = 0;
    while (at < device.size()) {
        Result<std::vector<Extent>> extents = co_await device.extents(at, device.size() - at);
        CHECK(extents && !extents->empty());
        for (const Extent& extent : *extents) {
            Result<Buffer> content = co_await device.read(at, static_cast<uint32_t>(extent.length));
            CHECK(content.has_value());
            if (extent.kind != ExtentKind::data)
                EXPECT_TRUE(same(content->view(), Buffer::zeroed(extent.length).view()));
            at += extent.length;
        }
    }
}

Task<void> many_writers(Runtime& runtime, uint64_t seed, FileDeviceOptions options) {
    constexpr uint64_t region_size = 9000;
    constexpr uint64_t regions = 8;
    co_await make_file(runtime, regions * region_size);
    std::unique_ptr<FileDevice> device = co_await open_device(runtime, options);
    EXPECT_EQ(device->size(), regions * region_size);
    std::vector<Region> all;
    for (uint64_t i = 0; i < regions; i++)
        all.push_back({i * region_size, std::vector<std::byte>(region_size)});
    Scope scope(runtime.loop);
    for (uint64_t i = 0; i < regions; i++)
        scope.spawn(change_often(*device, all[i], seed * 100 + i));
    co_await scope.join();
    for (const Region& region : all)
        co_await check_region(*device, region);
    co_await extents_are_true(*device);
    Result<void> closed = co_await device->close();
    EXPECT_TRUE(closed);
    device = co_await open_device(runtime, {.read_only = true});
    for (const Region& region : all)
        co_await check_region(*device, region);
    EXPECT_EQ(device->size(), regions * region_size);
}

TEST(FileDevice, NeighboursInOneBlockDoNotLoseEachOthersBytes) {
    sim::FaultPlan plan = sim::FaultPlan::none();
    plan.disk.short_read = 100'000;
    plan.disk.short_write = 100'000;
    plan.disk.slow = 20'000;
    uint64_t shortened = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        sim::World world(seed, plan);
        sim::Machine& host =
            world.add_host({.name = "a", .addresses = {"10.0.0.1"}, .disks = {{}}});
        const FileDeviceOptions options{.caching =
                                            seed % 3 == 0 ? Caching::buffered : Caching::direct};
        sim::Process& process = world.start(host, "test", [seed, options](Runtime& runtime) {
            return many_writers(runtime, seed, options);
        });
        ASSERT_TRUE(world.run_until([&process] { return !process.running(); }, seconds(6000)));
        shortened += world.probe("short disk read") + world.probe("short disk write");
    }
    EXPECT_GT(shortened, 100u);
}

Task<void> write_flush_write(Runtime& runtime, bool& flushed) {
    std::unique_ptr<FileDevice> device = co_await open_device(runtime);
    Result<void> done = co_await device->write(100, pattern(0, 9000, 1), {});
    CHECK(done.has_value());
    done = co_await device->flush();
    CHECK(done.has_value());
    done = co_await device->write(60'000, pattern(0, 5536, 2), {.fua = true});
    CHECK(done.has_value());
    flushed = true;
    while (true) {  // until the power goes
        done = co_await device->write(20'000, pattern(0, 20'000, 3), {});
        CHECK(done.has_value());
    }
}

Task<void> check_kept(Runtime& runtime) {
    std::unique_ptr<FileDevice> device = co_await open_device(runtime);
    Result<Buffer> flushed = co_await device->read(100, 9000);
    EXPECT_TRUE(flushed && same(flushed->view(), pattern(0, 9000, 1).view()));
    Result<Buffer> forced = co_await device->read(60'000, 5536);
    EXPECT_TRUE(forced && same(forced->view(), pattern(0, 5536, 2).view()));
}

TEST_F(FileDeviceTest, WhatWasFlushedOrForcedSurvivesAPowerCut) {
    make(65'536 + 1000);
    bool flushed = false;
    world_.start(host_, "writer",
                 [&flushed](Runtime& runtime) { return write_flush_write(runtime, flushed); });
    ASSERT_TRUE(world_.run_until([&flushed] { return flushed; }, seconds(60)));
    world_.run_for(milliseconds(5));
    world_.cut_power(host_);
    world_.power_on(host_);
    run(check_kept);
}

Task<void> after_a_failed_sync(Runtime& runtime, sim::Machine& host) {
    std::unique_ptr<FileDevice> device = co_await open_device(runtime);
    Result<void> done = co_await device->write(0, pattern(0, 4096, 1), {});
    EXPECT_TRUE(done);
    host.disks()[0]->set_faults({.sync_error = 1'000'000});
    done = co_await device->flush();
    EXPECT_EQ(done.code(), Code::io_error);
    host.disks()[0]->set_faults({});
    done = co_await device->flush();
    EXPECT_EQ(done.code(), Code::io_error) << "a second sync does not bring back what is lost";
    done = co_await device->write(0, pattern(0, 4096, 1), {});
    EXPECT_EQ(done.code(), Code::io_error);
    Result<Buffer> content = co_await device->read(0, 4096);
    EXPECT_TRUE(content);
}

TEST_F(FileDeviceTest, AFailedSyncIsFinal) {
    make(1 * mib);
    run([this](Runtime& runtime) { return after_a_failed_sync(runtime, host_); });
}

Task<void> claims(Runtime& runtime) {
    {
        std::unique_ptr<FileDevice> device = co_await open_device(runtime);
        Result<std::unique_ptr<FileDevice>> second = co_await FileDevice::open(runtime, path, {});
        EXPECT_EQ(second.code(), Code::busy);
        second = co_await FileDevice::open(runtime, path, {.read_only = true});
        EXPECT_TRUE(second);
        Result<void> refused = co_await (*second)->write(0, pattern(0, 10, 1), {});
        EXPECT_EQ(refused.code(), Code::read_only);
        refused = co_await (*second)->trim(0, 10);
        EXPECT_EQ(refused.code(), Code::read_only);
        refused = co_await (*second)->zero(0, 10, {});
        EXPECT_EQ(refused.code(), Code::read_only);
        Result<void> closed = co_await device->close();
        EXPECT_TRUE(closed);
    }
    Result<std::unique_ptr<FileDevice>> third = co_await FileDevice::open(runtime, path, {});
    EXPECT_TRUE(third);
    Result<std::unique_ptr<FileDevice>> folder = co_await FileDevice::open(runtime, "/", {});
    EXPECT_EQ(folder.code(), Code::is_a_directory);
    Result<std::unique_ptr<FileDevice>> nothing = co_await FileDevice::open(runtime, "/no", {});
    EXPECT_EQ(nothing.code(), Code::not_found);
}

TEST_F(FileDeviceTest, OneWriterOpensAFile) {
    make(1 * mib);
    run(claims);
}

Task<void> grow_and_shrink(Runtime& runtime) {
    std::unique_ptr<FileDevice> device = co_await open_device(runtime);
    std::vector<uint64_t> seen;
    SizeWatch watch(*device, [&seen](uint64_t size) { seen.push_back(size); });
    Result<void> done = co_await device->write(0, pattern(0, 10'000, 1), {});
    EXPECT_TRUE(done);
    done = co_await device->resize(50'000);  // the odd end of before is now in the middle
    EXPECT_TRUE(done);
    Result<Buffer> content = co_await device->read(0, 50'000);
    EXPECT_TRUE(content && same(content->view().first(10'000), pattern(0, 10'000, 1).view()));
    EXPECT_TRUE(content && same(content->view().subspan(10'000), Buffer::zeroed(40'000).view()));
    done = co_await device->write(9000, pattern(9000, 3000, 1), {});
    EXPECT_TRUE(done);
    done = co_await device->resize(11'000);
    EXPECT_TRUE(done);
    content = co_await device->read(0, 11'000);
    EXPECT_TRUE(content && same(content->view(), pattern(0, 11'000, 1).view()));
    content = co_await device->read(10'999, 2);
    EXPECT_EQ(content.code(), Code::out_of_range);
    // Somebody else makes it larger.
    Result<std::unique_ptr<File>> file = co_await runtime.disk.open(path, {.write = true});
    Result<size_t> cut = co_await (*file)->truncate(123'456);
    EXPECT_TRUE(cut);
    EXPECT_EQ(device->size(), 11'000u);
    done = co_await device->refresh();
    EXPECT_TRUE(done);
    EXPECT_EQ(device->size(), 123'456u);
    EXPECT_EQ(seen, (std::vector<uint64_t>{50'000, 11'000, 123'456}));
}

TEST_F(FileDeviceTest, GrowsAndShrinks) {
    make(10'000);
    run(grow_and_shrink);
}

Task<void> fill_up(Runtime& runtime, sim::Machine& host) {
    std::unique_ptr<FileDevice> device = co_await open_device(runtime);
    Result<void> done = co_await device->write(0, pattern(0, 64 * kib, 1), {});
    EXPECT_TRUE(done);
    host.disks()[0]->set_capacity(80 * kib);
    done = co_await device->write(64 * kib, pattern(0, 64 * kib, 1), {.fua = true});
    EXPECT_EQ(done.code(), Code::no_space);
    done = co_await device->zero(128 * kib, 64 * kib, {.no_hole = true});
    EXPECT_EQ(done.code(), Code::no_space);
    // What it holds can still be read, overwritten, flushed and given back.
    done = co_await device->write(0, pattern(0, 64 * kib, 2), {});
    EXPECT_TRUE(done);
    done = co_await device->flush();
    EXPECT_TRUE(done);
    done = co_await device->trim(0, 64 * kib);
    EXPECT_TRUE(done);
    done = co_await device->write(64 * kib, pattern(0, 32 * kib, 1), {});
    EXPECT_TRUE(done);
}

TEST_F(FileDeviceTest, AFullDiskIsAnErrorAndNotTheEnd) {
    make(1 * mib);
    run([this](Runtime& runtime) { return fill_up(runtime, host_); });
}

}  // namespace
}  // namespace cairn::block
