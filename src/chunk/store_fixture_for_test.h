// For tests of single abilities: one simulated host with one repository, and ways to run a piece of
// a program on an open store, to kill it, cut its power, and to flip bytes on its disk.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "base/checksum.h"
#include "chunk/store.h"
#include "runtime/sim/world.h"

namespace cairn::chunk::test {

enum class Ending : uint8_t { stop, kill, power_cut };

class StoreFixture : public testing::Test {
  public:
    using Body = std::function<Task<void>(Runtime&, ChunkStore&)>;

    // Opens the store (making it the first time), runs `body`, ends as told.
    void run(const Body& body, Ending ending = Ending::stop);
    // The next run() makes another store, if `options.path` is another.
    void begin_another() { made_ = false; }
    // Tries to open it, and says how that went.
    Code open_code();

    [[nodiscard]] Bytes file(const std::string& name);
    void flip(const std::string& name, uint64_t offset, uint8_t mask = 0x20);
    // Offset of `block` in the file of a chunk of the size that header_for() gives.
    [[nodiscard]] static uint64_t data_offset(uint32_t block) {
        const ChunkGeometry geometry{chunk_size};
        return geometry.data_offset(geometry.slice_of(block), block);
    }
    static constexpr uint64_t chunk_size = 2 * mib;
    static constexpr const char* chunk_file = "chunks/07/0000000000000007.chunk";
    static constexpr ChunkId chunk{7};
    static constexpr ClusterId cluster{{9, 9}};

    StoreOptions options;
    uint64_t journal_size = 256 * kib;
    Identity identity{.cluster = cluster, .cs = CsId(1025)};
    StartReport report;
    sim::World world{1};
    sim::Machine& machine = world.add_host(
        {.name = "a", .addresses = {"10.0.0.1"}, .disks = {{.mount = "/", .capacity = 64 * mib}}});

    StoreFixture();

  private:
    static Task<void> program(StoreFixture& test, Runtime& runtime, const Body& body, bool stop);
    static Task<void> try_open(StoreFixture& test, Runtime& runtime, Code& code);

    bool made_ = false;
    bool body_done_ = false;
};

[[nodiscard]] ChunkHeader header_for(ChunkId chunk, uint64_t size = StoreFixture::chunk_size);
// A block full of `letter`.
[[nodiscard]] Buffer block_of(char letter);
[[nodiscard]] ChunkWrite write_of(ChunkId chunk, uint32_t first_block, const std::string& letters,
                                  Version version = {});
// The letters of the blocks read, '.' for zeros; or the name of the error.
Task<std::string> letters_at(ChunkStore& store, ChunkId chunk, uint32_t first_block,
                             uint32_t count);

}  // namespace cairn::chunk::test
