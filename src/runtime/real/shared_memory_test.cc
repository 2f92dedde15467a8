// What a process leaves in shared memory is there for the next, and goes with the file that it
// belongs to.
#include "runtime/real/shared_memory.h"

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/size.h"

namespace cairn::real {
namespace {

struct SharedMemoryTest : testing::Test {
    SharedMemoryTest() {
        char pattern[] = "/tmp/cairn-memory.XXXXXX";
        folder = ::mkdtemp(pattern);
        owner = folder + "/a 100% file";
        std::ofstream(owner) << "x";
    }
    ~SharedMemoryTest() override {
        std::filesystem::remove_all(folder);
        // Removes what tests left behind.
        if (auto last = RealSharedMemory::open("/", 64 * kib))
            (*last)->remove();
    }
    SharedMemoryTest(const SharedMemoryTest&) = delete;
    SharedMemoryTest& operator=(const SharedMemoryTest&) = delete;

    std::string folder;
    std::string owner;
};

size_t files_of(const std::string& part) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm"))
        count += entry.path().string().find(part) != std::string::npos ? 1 : 0;
    return count;
}

// A child that stores something and is killed.
void store_and_die(const std::string& owner) {
    const pid_t child = ::fork();
    if (child == 0) {
        auto memory = RealSharedMemory::open(owner, 64 * kib);
        if (memory)
            std::memcpy((*memory)->view().data() + 5000, "kept", 4);
        ::raise(SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(SharedMemoryTest, OutlivesItsProcess) {
    store_and_die(owner);
    auto memory = RealSharedMemory::open(owner, 64 * kib);
    ASSERT_TRUE(memory) << memory.error().message();
    EXPECT_EQ(std::memcmp((*memory)->view().data() + 5000, "kept", 4), 0);
    EXPECT_EQ((*memory)->view()[0], std::byte{0});
    (*memory)->remove();
    memory = RealSharedMemory::open(owner, 64 * kib);
    ASSERT_TRUE(memory);
    EXPECT_EQ((*memory)->view()[5000], std::byte{0});
}

TEST_F(SharedMemoryTest, HasOneUserAndOneSize) {
    auto memory = RealSharedMemory::open(owner, 64 * kib);
    ASSERT_TRUE(memory);
    EXPECT_EQ(RealSharedMemory::open(owner, 64 * kib).code(), Code::busy);
    EXPECT_TRUE(RealSharedMemory::open(owner + "2", 64 * kib));
    memory = Error(Code::cancelled, "no more");
    EXPECT_EQ(RealSharedMemory::open(owner, 128 * kib).code(), Code::invalid_argument);
    EXPECT_TRUE(RealSharedMemory::open(owner, 64 * kib));
}

TEST_F(SharedMemoryTest, GoesWithItsFile) {
    const std::string name = folder.substr(folder.rfind('/') + 1);
    store_and_die(owner);
    store_and_die(folder + "/other");
    EXPECT_EQ(files_of(name), 2u);
    auto used = RealSharedMemory::open(folder + "/used", 64 * kib);
    EXPECT_TRUE(used);
    EXPECT_EQ(files_of(name), 2u);  // the second had no file
    std::filesystem::remove(owner);
    EXPECT_TRUE(RealSharedMemory::open("/", 64 * kib));
    EXPECT_EQ(files_of(name), 1u);  // what is used stays
}

TEST_F(SharedMemoryTest, ALongPathHasMemoryToo) {
    const std::string path = folder + "/" + std::string(250, 'x');
    store_and_die(path);
    auto memory = RealSharedMemory::open(path, 64 * kib);
    ASSERT_TRUE(memory) << memory.error().message();
    EXPECT_EQ(std::memcmp((*memory)->view().data() + 5000, "kept", 4), 0);
    (*memory)->remove();
}

}  // namespace
}  // namespace cairn::real
