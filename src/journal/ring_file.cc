#include "journal/ring_file.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "journal/direct_io.h"

namespace cairn::journal {

namespace {

constexpr uint64_t fill_step = 1 * mib;

Task<Result<void>> fill_with_zeros(File& file, uint64_t size) {
    const Buffer zeros = Buffer::zeroed(std::min(size, fill_step));
    for (uint64_t at = 0; at < size; at += zeros.size()) {
        const std::array<ByteView, 1> slices{
            zeros.view().first(std::min<uint64_t>(zeros.size(), size - at))};
        CO_TRY(co_await write_blocks(file, at, slices));
    }
    co_return Result<void>();
}

Task<Result<void>> write_superblock(File& file, uint64_t offset, const Buffer& block) {
    const std::array<ByteView, 1> slices{block.view()};
    CO_TRY(co_await write_blocks(file, offset, slices));
    Result<size_t> synced = co_await file.sync();
    if (!synced)
        co_return synced.error();
    co_return Result<void>();
}

struct Chosen {
    Superblock superblock;
    int copy;
};

// The newer of the intact ones.
Result<Chosen> choose(ByteView both, const std::string& path) {
    Result<Superblock> first = decode_superblock(both.first(block_size));
    Result<Superblock> second = decode_superblock(both.subspan(block_size));
    if (first && (!second || first->update >= second->update))
        return Chosen{*first, 0};
    if (second)
        return Chosen{*second, 1};
    const Code code = first.code() == Code::version_mismatch ? first.code() : Code::corrupt;
    return Error(code, path + ": both superblocks are bad (" + first.error().message() +
                           "); remove this chunk server and let its data be rebuilt");
}

}  // namespace

Task<Result<void>> RingFile::create(Runtime& runtime, std::string path, uint64_t size) {
    if (size < ring_size_min || size % block_size != 0)
        co_return Error(Code::invalid_argument,
                        "a journal takes a multiple of 4 KiB, at least 64 KiB");
    auto file = co_await runtime.disk.open(
        path, {.write = true, .create = true, .exclusive = true, .caching = Caching::direct});
    if (!file)
        co_return file.error();
    CO_TRY(co_await fill_with_zeros(**file, size));
    Superblock superblock;
    superblock.ring_id = runtime.random.next();
    superblock.capacity = size - ring_offset;
    superblock.update = 1;
    const Buffer block = Buffer::copy_of(encode(superblock));
    CO_TRY(co_await write_superblock(**file, 0, block));
    co_return co_await write_superblock(**file, block_size, block);
}

Task<Result<std::unique_ptr<RingFile>>> RingFile::open(Runtime& runtime, std::string path) {
    auto file = co_await runtime.disk.open(path, {.write = true, .caching = Caching::direct});
    if (!file)
        co_return file.error();
    Buffer both = Buffer::allocate(ring_offset);
    Result<void> read = co_await read_blocks(**file, 0, both.mutable_view());
    if (!read)
        co_return read.error().with_context(path);
    const Result<Chosen> chosen = choose(both.view(), path);
    if (!chosen)
        co_return chosen.error();
    const Result<uint64_t> size = (*file)->size();
    if (!size)
        co_return size.error();
    if (*size < ring_offset + chosen->superblock.capacity)
        co_return Error(Code::corrupt, path + " is shorter than it was made");
    co_return std::unique_ptr<RingFile>(
        new RingFile(std::move(path), std::move(*file), chosen->superblock, chosen->copy));
}

Task<Result<void>> RingFile::read(uint64_t position, MutableByteView into) {
    const uint64_t first = std::min<uint64_t>(into.size(), until_wrap(position));
    CO_TRY(co_await read_blocks(*file_, offset_of(position), into.first(first)));
    if (first < into.size())
        CO_TRY(co_await read_blocks(*file_, ring_offset, into.subspan(first)));
    co_return Result<void>();
}

Task<Result<void>> RingFile::write(uint64_t position, std::span<const ByteView> slices,
                                   uint64_t length, Keep keep) {
    const uint64_t first = until_wrap(position);
    if (length <= first)
        co_return co_await write_blocks(*file_, offset_of(position), slices, keep);
    std::vector<ByteView> before;
    std::vector<ByteView> after;
    uint64_t left = first;
    for (const ByteView slice : slices) {
        const uint64_t here = std::min<uint64_t>(left, slice.size());
        if (here > 0)
            before.push_back(slice.first(here));
        if (here < slice.size())
            after.push_back(slice.subspan(here));
        left -= here;
    }
    CO_TRY(co_await write_blocks(*file_, offset_of(position), before, keep));
    co_return co_await write_blocks(*file_, ring_offset, after, keep);
}

Task<Result<void>> RingFile::sync() {
    Result<size_t> synced = co_await file_->sync();
    if (!synced)
        co_return synced.error();
    co_return Result<void>();
}

Task<Result<void>> RingFile::update(Superblock superblock) {
    superblock.update = superblock_.update + 1;
    const Buffer block = Buffer::copy_of(encode(superblock));
    // The other one may be torn already: the only good copy is not the first to be overwritten.
    for (const int copy : {1 - good_copy_, good_copy_}) {
        CO_TRY(co_await write_superblock(*file_, uint64_t{block_size} * static_cast<uint64_t>(copy),
                                         block));
        good_copy_ = copy;
    }
    superblock_ = superblock;
    co_return Result<void>();
}

}  // namespace cairn::journal
