#include "chunk/store_fixture_for_test.h"

#include <algorithm>
#include <cstring>

namespace cairn::chunk::test {

StoreFixture::StoreFixture() {
    options.path = "/cs";
    options.margin_bytes = 64 * kib;
}

Task<void> StoreFixture::program(StoreFixture& test, Runtime& runtime, const Body& body,
                                 bool stop) {
    if (!test.made_) {
        const Result<void> made = co_await ChunkStore::create(runtime, test.options.path,
                                                              test.identity, test.journal_size);
        EXPECT_TRUE(made);
        test.made_ = true;
    }
    Result<std::unique_ptr<ChunkStore>> store =
        co_await ChunkStore::open(runtime, test.options, cluster);
    EXPECT_TRUE(store) << store.error().message();
    if (!store)
        co_return;
    test.report = (*store)->start_report();
    co_await body(runtime, **store);
    test.body_done_ = true;
    if (!stop)
        co_await Sleep(runtime.loop, seconds(1'000'000));
    const Result<void> stopped = co_await (*store)->stop();
    EXPECT_EQ(stopped.has_value(), !(*store)->failure().has_value());
}

void StoreFixture::run(const Body& body, Ending ending) {
    body_done_ = false;
    sim::Process& process = world.start(machine, "cs", [&](Runtime& runtime) {
        return program(*this, runtime, body, ending == Ending::stop);
    });
    const bool ended = world.run_until(
        [&] { return !process.running() || (body_done_ && ending != Ending::stop); },
        seconds(3600));
    EXPECT_TRUE(ended && body_done_);
    if (ending == Ending::kill)
        world.kill(process);
    if (ending == Ending::power_cut) {
        world.cut_power(machine);
        world.power_on(machine);
    }
}

Task<void> StoreFixture::try_open(StoreFixture& test, Runtime& runtime, Code& code) {
    Result<std::unique_ptr<ChunkStore>> store =
        co_await ChunkStore::open(runtime, test.options, cluster);
    code = store.code();
    if (store) {
        test.report = (*store)->start_report();
        const Result<void> stopped = co_await (*store)->stop();
        EXPECT_TRUE(stopped);
    }
}

Code StoreFixture::open_code() {
    Code code = Code::cancelled;
    const sim::Process& process = world.start(
        machine, "cs", [&](Runtime& runtime) { return try_open(*this, runtime, code); });
    EXPECT_TRUE(world.run_until([&] { return !process.running(); }, seconds(3600)));
    return code;
}

Bytes StoreFixture::file(const std::string& name) {
    Result<Bytes> bytes = machine.peek(options.path + "/" + name);
    EXPECT_TRUE(bytes) << name;
    return bytes ? *bytes : Bytes();
}

void StoreFixture::flip(const std::string& name, uint64_t offset, uint8_t mask) {
    EXPECT_TRUE(machine.corrupt(options.path + "/" + name, offset, mask)) << name;
}

ChunkHeader header_for(ChunkId chunk, uint64_t size) {
    ChunkHeader header;
    header.chunk = chunk;
    header.file = FileId(20);
    header.size = size;
    header.version = Version(1);
    header.layout = "replicas=3:2";
    header.path_hint = "/disks/one";
    return header;
}

Buffer block_of(char letter) {
    Buffer block = Buffer::allocate(block_size);
    std::memset(block.mutable_view().data(), letter == '.' ? 0 : letter, block_size);
    return block;
}

ChunkWrite write_of(ChunkId chunk, uint32_t first_block, const std::string& letters,
                    Version version) {
    ChunkWrite write{.tag = {.chunk = chunk, .version = version, .file = {}, .epoch = {}},
                     .first_block = first_block,
                     .data = Buffer::allocate(letters.size() * block_size),
                     .checksums = {}};
    for (size_t i = 0; i < letters.size(); i++) {
        const MutableByteView block = write.data.mutable_view().subspan(i * block_size, block_size);
        std::ranges::copy(block_of(letters[i]).view(), block.begin());
        write.checksums.push_back(
            block_checksum(chunk, first_block + static_cast<uint32_t>(i), block));
    }
    return write;
}

Task<std::string> letters_at(ChunkStore& store, ChunkId chunk, uint32_t first_block,
                             uint32_t count) {
    std::vector<BadBlock> bad;
    Result<ChunkRead> read = co_await store.read(chunk, first_block, count, bad);
    if (!read)
        co_return std::string(name_of(read.code()));
    std::string letters;
    for (uint32_t i = 0; i < count; i++) {
        const ByteView block = read->data.view().subspan(size_t{i} * block_size, block_size);
        const bool even = std::ranges::all_of(block, [&](std::byte b) { return b == block[0]; });
        const char letter = block[0] == std::byte{0} ? '.' : static_cast<char>(block[0]);
        letters += even ? letter : '?';
        if (block_checksum(chunk, first_block + i, block) != read->checksums[i])
            letters += '!';
    }
    co_return letters;
}

}  // namespace cairn::chunk::test
