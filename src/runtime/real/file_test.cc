// Files and directories on a real disk.
#include "runtime/real/file.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/size.h"
#include "runtime/real/test_machine.h"

namespace cairn::real {
namespace {

constexpr OpenOptions fresh{.write = true, .create = true};
constexpr OpenOptions fresh_direct{.write = true, .create = true, .caching = Caching::direct};

Buffer pattern(size_t size, int seed) {
    Buffer buffer = Buffer::allocate(size);
    const MutableByteView bytes = buffer.mutable_view();
    for (size_t i = 0; i < size; i++)
        bytes[i] = static_cast<std::byte>(i * 31 + i / 251 + static_cast<size_t>(seed));
    return buffer;
}

bool all_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
}

Task<std::unique_ptr<File>> open(Runtime& runtime, std::string path, OpenOptions options) {
    auto file = co_await runtime.disk.open(path, options);
    if (!file)
        ADD_FAILURE() << file.error().message();
    CHECK(file.has_value());
    co_return std::move(*file);
}

Task<void> write_and_read(Runtime& runtime, std::string path, OpenOptions options) {
    const std::unique_ptr<File> file = co_await open(runtime, path, options);
    const Buffer written = pattern(64 * kib, 1);
    const std::array<ByteView, 2> slices{written.view().first(8 * kib),
                                         written.view().subspan(8 * kib)};
    const Result<size_t> held = co_await file->write(8 * kib, slices);
    EXPECT_EQ(*held, 64 * kib);
    const Result<size_t> synced = co_await file->sync();
    EXPECT_EQ(*synced, 0u);
    const std::array<ByteView, 1> again{written.view().first(4 * kib)};
    const Result<size_t> durable = co_await file->write_durable(0, again);
    EXPECT_EQ(*durable, 4 * kib);

    EXPECT_EQ(*file->size(), 72 * kib);
    Buffer read = Buffer::allocate(128 * kib);
    const Result<size_t> count = co_await file->read(8 * kib, read.mutable_view());
    EXPECT_EQ(*count, 64 * kib);
    EXPECT_TRUE(std::ranges::equal(read.view().first(64 * kib), written.view()));
    const Result<size_t> end = co_await file->read(1 * mib, read.mutable_view());
    EXPECT_EQ(*end, 0u);
}

TEST(RealFile, ReadsWhatWasWritten) {
    TestMachine machine;
    machine.run(write_and_read(machine.runtime(), machine.path("cached"), fresh));
    machine.run(write_and_read(machine.runtime(), machine.path("direct"), fresh_direct));
}

Task<void> write_many_slices(Runtime& runtime, std::string path) {
    const std::unique_ptr<File> file = co_await open(runtime, path, fresh);
    const Buffer content = pattern(3000, 7);
    std::vector<ByteView> slices;
    for (size_t i = 0; i < content.size(); i++)
        slices.push_back(content.view().subspan(i, 1));
    uint64_t offset = 0;
    while (offset < slices.size()) {  // the kernel takes at most 1024 at a time
        const Result<size_t> count =
            co_await file->write(offset, std::span(slices).subspan(offset));
        EXPECT_TRUE(count.has_value() && *count > 0);
        offset += *count;
    }
    Buffer read = Buffer::allocate(3000);
    const Result<void> whole = co_await read_exact(*file, 0, read.mutable_view());
    EXPECT_TRUE(whole.has_value());
    EXPECT_TRUE(std::ranges::equal(read.view(), content.view()));
}

TEST(RealFile, TakesMoreSlicesThanTheKernelDoes) {
    TestMachine machine;
    machine.run(write_many_slices(machine.runtime(), machine.path("file")));
}

Task<void> read_at(Runtime& runtime, uint64_t offset, size_t from, size_t size) {
    auto file = co_await runtime.disk.open("/proc/self/status", {.caching = Caching::direct});
    CHECK(file.has_value());
    Buffer memory = Buffer::allocate(16 * kib);
    const Result<size_t> count =
        co_await (*file)->read(offset, memory.mutable_view().subspan(from, size));
    EXPECT_TRUE(count.has_value());
}

TEST(RealFileDeathTest, DirectFilesTakeWholeBlocksOnly) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    TestMachine machine;
    machine.run(read_at(machine.runtime(), 4 * kib, 4 * kib, 8 * kib));
    EXPECT_DEATH(machine.run(read_at(machine.runtime(), 512, 0, 4 * kib)), "whole blocks");
    EXPECT_DEATH(machine.run(read_at(machine.runtime(), 0, 512, 4 * kib)), "whole blocks");
    EXPECT_DEATH(machine.run(read_at(machine.runtime(), 0, 0, 512)), "whole blocks");
}

Task<void> read_without_direct_io(Runtime& runtime) {
    // A file system that is known to refuse O_DIRECT, on any kernel.
    const auto file = co_await runtime.disk.open("/proc/self/status", {.caching = Caching::direct});
    EXPECT_TRUE(file.has_value());
    Buffer buffer = Buffer::allocate(4 * kib);
    const Result<size_t> count = co_await (*file)->read(0, buffer.mutable_view());
    EXPECT_TRUE(count.has_value() && text_of(buffer.view()).starts_with("Name:"));
}

TEST(RealFile, DirectFallsBackToTheCacheWhereItIsRefused) {
    TestMachine machine;
    testing::internal::CaptureStderr();
    machine.run(read_without_direct_io(machine.runtime()));
    EXPECT_NE(testing::internal::GetCapturedStderr().find("without direct I/O"), std::string::npos);
}

Task<void> make_secret(Runtime& runtime, std::string path) {
    const Result<void> made = co_await replace_file(runtime.disk, path, Bytes(3), 0600);
    EXPECT_TRUE(made.has_value());
}

TEST(RealFile, AKeyIsForItsOwnerAlone) {
    TestMachine machine;
    machine.run(make_secret(machine.runtime(), machine.path("key")));
    EXPECT_EQ(std::filesystem::status(machine.path("key")).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

Task<void> punch(Runtime& runtime, std::string path) {
    const std::unique_ptr<File> file = co_await open(runtime, path, fresh_direct);
    const Buffer content = pattern(1 * mib, 5);
    const Result<void> written = co_await write_all(*file, 0, content.view());
    EXPECT_TRUE(written.has_value());
    const Result<size_t> synced = co_await file->sync();
    EXPECT_TRUE(synced.has_value());
    const Result<FileStatus> before = co_await runtime.disk.status(path);
    EXPECT_GE(before->allocated, 1 * mib);

    const Result<size_t> punched = co_await file->punch_hole(256 * kib, 512 * kib);
    EXPECT_TRUE(punched.has_value());
    const Result<FileStatus> after = co_await runtime.disk.status(path);
    EXPECT_EQ(after->size, 1 * mib);
    EXPECT_LE(after->allocated + 512 * kib, before->allocated);
    Buffer read = Buffer::allocate(1 * mib);
    const Result<void> whole = co_await read_exact(*file, 0, read.mutable_view());
    EXPECT_TRUE(whole.has_value());
    EXPECT_TRUE(std::ranges::equal(read.view().first(256 * kib), content.view().first(256 * kib)));
    EXPECT_TRUE(all_zero(read.view().subspan(256 * kib, 512 * kib)));
    EXPECT_TRUE(std::ranges::equal(read.view().last(256 * kib), content.view().last(256 * kib)));
}

TEST(RealFile, HolesReadAsZerosAndGiveTheirSpaceBack) {
    TestMachine machine;
    machine.run(punch(machine.runtime(), machine.path("file")));
}

Task<void> allocate_and_truncate(Runtime& runtime, std::string path) {
    const std::unique_ptr<File> file = co_await open(runtime, path, fresh);
    const Result<size_t> allocated = co_await file->allocate(0, 1 * mib);
    EXPECT_TRUE(allocated.has_value());
    EXPECT_EQ(*file->size(), 1 * mib);
    const Result<FileStatus> reserved = co_await runtime.disk.status(path);
    EXPECT_GE(reserved->allocated, 1 * mib);
    Buffer read = Buffer::allocate(64 * kib);
    const Result<void> zeros = co_await read_exact(*file, 512 * kib, read.mutable_view());
    EXPECT_TRUE(zeros.has_value());
    EXPECT_TRUE(all_zero(read.view()));

    const Result<size_t> cut = co_await file->truncate(10'000);
    EXPECT_TRUE(cut.has_value());
    EXPECT_EQ(*file->size(), 10'000u);
    const Result<size_t> grown = co_await file->truncate(2 * mib);
    EXPECT_TRUE(grown.has_value());
    EXPECT_EQ(*file->size(), 2 * mib);
    const Result<FileStatus> sparse = co_await runtime.disk.status(path);
    EXPECT_LT(sparse->allocated, 64 * kib);
}

TEST(RealFile, AllocatesAndTruncatesBothWays) {
    TestMachine machine;
    machine.run(allocate_and_truncate(machine.runtime(), machine.path("file")));
}

Task<void> write_one_block(File& file, size_t index, int& failures) {
    const Buffer block = pattern(4 * kib, static_cast<int>(index));
    const std::array<ByteView, 1> slices{block.view()};
    const Result<size_t> count = co_await file.write(index * 4 * kib, slices);
    if (!count || *count != 4 * kib)
        failures++;
}

Task<void> write_at_once(Runtime& runtime, std::string path, size_t blocks, int& failures) {
    const std::unique_ptr<File> file = co_await open(runtime, path, fresh_direct);
    Scope scope(runtime.loop);
    for (size_t i = 0; i < blocks; i++)
        scope.spawn(write_one_block(*file, i, failures));
    co_await scope.join();
    for (size_t i = 0; i < blocks; i++) {
        Buffer read = Buffer::allocate(4 * kib);
        const Result<void> whole = co_await read_exact(*file, i * 4 * kib, read.mutable_view());
        const Buffer expected = pattern(4 * kib, static_cast<int>(i));
        if (!whole || !std::ranges::equal(read.view(), expected.view()))
            failures++;
    }
}

TEST(RealFile, WritesManyBlocksAtOnce) {
    TestMachine machine;
    int failures = 0;
    machine.run(write_at_once(machine.runtime(), machine.path("file"), 500, failures));
    EXPECT_EQ(failures, 0);
}

Task<void> open_wrongly(Runtime& runtime, std::string directory) {
    const auto missing = co_await runtime.disk.open(directory + "/missing", {});
    EXPECT_EQ(missing.code(), Code::not_found);
    EXPECT_NE(missing.error().message().find(directory + "/missing"), std::string::npos);
    const auto folder = co_await runtime.disk.open(directory, {});
    EXPECT_EQ(folder.code(), Code::is_a_directory);
    {
        const auto made = co_await runtime.disk.open(directory + "/one", fresh);
        EXPECT_TRUE(made.has_value());
    }
    const auto twice = co_await runtime.disk.open(
        directory + "/one", {.write = true, .create = true, .exclusive = true});
    EXPECT_EQ(twice.code(), Code::already_exists);
    const auto below_file = co_await runtime.disk.open(directory + "/one/two", {});
    EXPECT_EQ(below_file.code(), Code::not_a_directory);

    const auto reading = co_await runtime.disk.open(directory + "/one", {});
    const Buffer block = pattern(4 * kib, 0);
    const std::array<ByteView, 1> slices{block.view()};
    const Result<size_t> refused = co_await (*reading)->write(0, slices);
    EXPECT_FALSE(refused.has_value());
}

TEST(RealDisk, SaysWhatCannotBeOpenedAndWhy) {
    TestMachine machine;
    machine.run(open_wrongly(machine.runtime(), machine.path("")));
}

Task<void> handle_names(Runtime& runtime, std::string directory) {
    Disk& disk = runtime.disk;
    const Result<void> made = co_await disk.make_directories(directory + "/a/b/c");
    EXPECT_TRUE(made.has_value());
    const Result<void> made_again = co_await disk.make_directories(directory + "/a/b/c");
    EXPECT_TRUE(made_again.has_value());
    const Result<void> replaced =
        co_await replace_file(disk, directory + "/a/name", Bytes(10, std::byte{'x'}));
    EXPECT_TRUE(replaced.has_value());
    const Result<void> replaced_again =
        co_await replace_file(disk, directory + "/a/name", Bytes(5, std::byte{'y'}));
    EXPECT_TRUE(replaced_again.has_value());
    const Result<Bytes> content = co_await read_whole_file(disk, directory + "/a/name", 100);
    EXPECT_EQ(text_of(*content), "yyyyy");

    const auto entries = co_await disk.list(directory + "/a");
    EXPECT_TRUE(entries.has_value());
    EXPECT_EQ(entries->size(), 2u);
    EXPECT_EQ(entries->at(0).name, "b");
    EXPECT_TRUE(entries->at(0).is_directory);
    EXPECT_EQ(entries->at(1).name, "name");
    EXPECT_FALSE(entries->at(1).is_directory);

    const Result<void> below_file = co_await disk.make_directories(directory + "/a/name/x");
    EXPECT_EQ(below_file.code(), Code::not_a_directory);
    const Result<void> full = co_await disk.remove(directory + "/a");
    EXPECT_EQ(full.code(), Code::not_empty);
    const Result<void> moved = co_await disk.rename(directory + "/a/name", directory + "/a/b/c/n");
    EXPECT_TRUE(moved.has_value());
    const Result<void> synced = co_await disk.sync_directory(directory + "/a/b/c");
    EXPECT_TRUE(synced.has_value());
    const Result<void> file_removed = co_await disk.remove(directory + "/a/b/c/n");
    EXPECT_TRUE(file_removed.has_value());
    const Result<void> directory_removed = co_await disk.remove(directory + "/a/b/c");
    EXPECT_TRUE(directory_removed.has_value());
    const Result<void> missing = co_await disk.remove(directory + "/a/b/c");
    EXPECT_EQ(missing.code(), Code::not_found);
    const auto no_list = co_await disk.list(directory + "/a/b/c");
    EXPECT_EQ(no_list.code(), Code::not_found);
}

TEST(RealDisk, MakesMovesListsAndRemovesNames) {
    TestMachine machine;
    machine.run(handle_names(machine.runtime(), machine.path("")));
}

TEST(RealDisk, FilesOfOneDiskShareItsSpace) {
    TestMachine machine;
    Disk& disk = machine.runtime().disk;
    const Result<DiskSpace> here = disk.space(machine.path(""));
    const Result<DiskSpace> there = disk.space("/var/tmp");
    const Result<DiskSpace> elsewhere = disk.space("/proc");
    ASSERT_TRUE(here.has_value() && there.has_value() && elsewhere.has_value());
    EXPECT_EQ(here->filesystem, there->filesystem);
    EXPECT_NE(here->filesystem, elsewhere->filesystem);
    EXPECT_GT(here->total, here->free);
    EXPECT_GT(here->free, 0u);
    EXPECT_EQ(disk.space("/nowhere").code(), Code::not_found);
}

TEST(RealDisk, ALockHasOneHolderWhoseNameIsKnown) {
    TestMachine machine;
    Disk& disk = machine.runtime().disk;
    Result<std::unique_ptr<FileLock>> first = disk.lock(machine.path("lock"));
    ASSERT_TRUE(first.has_value());
    const Result<std::unique_ptr<FileLock>> second = disk.lock(machine.path("lock"));
    ASSERT_EQ(second.code(), Code::busy);
    EXPECT_EQ(second.error().message(),
              machine.path("lock") + ": in use by process " + std::to_string(::getpid()));
    first->reset();
    EXPECT_TRUE(disk.lock(machine.path("lock")).has_value());
    EXPECT_EQ(disk.lock(machine.path("no/lock")).code(), Code::not_found);
}

// A file system of 1 MiB, in memory, where we are allowed to mount one.
class TinyFileSystem {
  public:
    explicit TinyFileSystem(std::string path) : path_(std::move(path)) {
        std::filesystem::create_directory(path_);
        mounted_ = ::mount("tiny", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
    }
    TinyFileSystem(const TinyFileSystem&) = delete;
    TinyFileSystem& operator=(const TinyFileSystem&) = delete;
    ~TinyFileSystem() {
        if (mounted_)
            ::umount2(path_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const { return mounted_; }

  private:
    std::string path_;
    bool mounted_ = false;
};

Task<void> fill_disk(Runtime& runtime, std::string path, OpenOptions options, Code& seen) {
    const std::unique_ptr<File> file = co_await open(runtime, path, options);
    const Buffer block = pattern(64 * kib, 1);
    for (uint64_t offset = 0; offset <= 4 * mib && seen == Code::ok; offset += 64 * kib) {
        const Result<void> written = co_await write_all(*file, offset, block.view());
        seen = written.code();
    }
    const Result<size_t> reserved = co_await file->allocate(8 * mib, 8 * mib);
    EXPECT_EQ(reserved.code(), Code::no_space);
}

TEST(RealDisk, AFullDiskIsNoSpace) {
    TestMachine machine;
    const TinyFileSystem tiny(machine.path("tiny"));
    if (!tiny.mounted())
        GTEST_SKIP() << "needs the right to mount a file system";
    Code seen = Code::ok;
    machine.run(fill_disk(machine.runtime(), machine.path("tiny/file"), fresh, seen));
    EXPECT_EQ(seen, Code::no_space);
}

}  // namespace
}  // namespace cairn::real
