#include "meta/node/snapshot_file.h"

#include <fmt/core.h>

#include "base/checksum.h"
#include "meta/catalogue/snapshot_format.h"
#include "meta/catalogue/snapshot_reader.h"
#include "raft/codec.h"

namespace cairn::meta {

namespace {

constexpr uint32_t file_magic = 0x4E534D43;  // "CMSN"
constexpr uint32_t file_format = 1;
constexpr size_t fixed_header_size = 28;  // up to the description
constexpr uint32_t description_size_max = 64 * 1024;

}  // namespace

Task<Result<std::unique_ptr<SnapshotFileWriter>>> SnapshotFileWriter::create(
    Runtime& runtime, std::string path, ClusterId cluster, raft::SnapshotMeta meta) {
    auto file = co_await runtime.disk.open(path, {.write = true, .create = true});
    if (!file)
        co_return file.error().with_context(path);
    std::unique_ptr<SnapshotFileWriter> writer(new SnapshotFileWriter(std::move(*file)));
    Result<size_t> cut = co_await writer->file_->truncate(0);
    if (!cut)
        co_return cut.error().with_context(path);
    Bytes description;
    ByteWriter description_out(description);
    raft::put_snapshot_meta(description_out, meta);
    Bytes header;
    ByteWriter out(header);
    out.put(file_magic);
    out.put(file_format);
    out.put(cluster);
    out.put_bytes(description);
    out.put(checksum(header));
    CO_TRY(co_await writer->write(std::move(header)));
    co_return writer;
}

Task<Result<void>> SnapshotFileWriter::write(Bytes bytes) {
    const uint64_t at = size_;
    size_ += bytes.size();
    co_return co_await write_all(*file_, at, bytes);
}

Task<Result<void>> SnapshotFileWriter::add_piece(Bytes piece) {
    CHECK(!piece.empty());
    sum_ = checksum(piece, sum_);
    Bytes framed;
    framed.reserve(piece.size() + sizeof(uint32_t));
    ByteWriter out(framed);
    out.put_bytes(piece);
    co_return co_await write(std::move(framed));
}

Task<Result<void>> SnapshotFileWriter::finish() {
    Bytes end;
    ByteWriter out(end);
    out.put(uint32_t{0});
    out.put(sum_);
    CO_TRY(co_await write(std::move(end)));
    Result<size_t> synced = co_await file_->sync();
    if (!synced)
        co_return synced.error();
    co_return Result<void>();
}

Task<Result<std::unique_ptr<SnapshotFileReader>>> SnapshotFileReader::open(Runtime& runtime,
                                                                           std::string path,
                                                                           ClusterId cluster) {
    auto file = co_await runtime.disk.open(path, {});
    if (!file)
        co_return file.error();
    Result<uint64_t> size = (*file)->size();
    if (!size)
        co_return size.error();
    std::unique_ptr<SnapshotFileReader> reader(new SnapshotFileReader(std::move(*file), *size));
    Result<void> header = co_await reader->read_header(cluster);
    if (!header)
        co_return header.error();
    co_return reader;
}

Task<Result<Bytes>> SnapshotFileReader::read(uint64_t length) {
    if (length > size_ - offset_)
        co_return Error(Code::corrupt,
                        fmt::format("the snapshot ends at {}, in the middle of a piece", size_));
    Bytes bytes(length);
    const uint64_t at = offset_;
    offset_ += length;
    Result<void> done = co_await read_exact(*file_, at, bytes);
    if (!done)
        co_return done.error();
    co_return bytes;
}

Task<Result<void>> SnapshotFileReader::read_header(ClusterId cluster) {
    const Error damaged(Code::corrupt, "the snapshot's header is damaged");
    Result<Bytes> fixed = co_await read(fixed_header_size);
    if (!fixed)
        co_return fixed.error();
    ByteReader in(*fixed);
    const auto magic = in.read<uint32_t>();
    const auto format = in.read<uint32_t>();
    ClusterId found;
    in.get(found);
    const auto length = in.read<uint32_t>();
    if (magic != file_magic || length > description_size_max)
        co_return damaged;
    Result<Bytes> rest = co_await read(uint64_t{length} + sizeof(uint64_t));
    if (!rest)
        co_return rest.error();
    Bytes header = std::move(*fixed);
    header.insert(header.end(), rest->begin(), rest->begin() + length);
    ByteReader description(ByteView(*rest).first(length));
    ByteReader trailer(ByteView(*rest).subspan(length));
    if (trailer.read<uint64_t>() != checksum(header))
        co_return damaged;
    if (format != file_format)
        co_return Error(Code::version_mismatch, "the snapshot was written by a newer program");
    if (found != cluster)
        co_return Error(Code::wrong_cluster,
                        fmt::format("the snapshot belongs to cluster {}, this server to {}",
                                    to_string(found), to_string(cluster)));
    meta_ = raft::get_snapshot_meta(description);
    if (!description.finished())
        co_return damaged;
    co_return Result<void>();
}

Task<Result<std::optional<Bytes>>> SnapshotFileReader::next_piece() {
    Result<Bytes> framing = co_await read(sizeof(uint32_t));
    if (!framing)
        co_return framing.error();
    const auto length = ByteReader(*framing).read<uint32_t>();
    if (length > piece_bytes_max)
        co_return Error(Code::corrupt, "a piece of the snapshot has an impossible length");
    if (length != 0) {
        Result<Bytes> piece = co_await read(length);
        if (!piece)
            co_return piece.error();
        sum_ = checksum(*piece, sum_);
        co_return std::optional<Bytes>(std::move(*piece));
    }
    Result<Bytes> end = co_await read(sizeof(uint64_t));
    if (!end)
        co_return end.error();
    if (ByteReader(*end).read<uint64_t>() != sum_ || offset_ != size_)
        co_return Error(Code::corrupt, "the snapshot's sum does not verify");
    co_return std::optional<Bytes>();
}

Task<Result<LoadedSnapshot>> load_snapshot(Runtime& runtime, std::string path, ClusterId cluster) {
    auto file = co_await SnapshotFileReader::open(runtime, path, cluster);
    if (!file)
        co_return file.error();
    SnapshotReader pieces;
    while (true) {
        Result<std::optional<Bytes>> piece = co_await (*file)->next_piece();
        if (!piece)
            co_return piece.error();
        if (!*piece)
            break;
        CO_TRY(pieces.add_piece(**piece));
    }
    Result<std::unique_ptr<Catalogue>> catalogue = pieces.finish();
    if (!catalogue)
        co_return catalogue.error();
    if ((*catalogue)->applied() > (*file)->meta().index)
        co_return Error(Code::corrupt, "the snapshot holds more than it says");
    co_return LoadedSnapshot{(*file)->meta(), std::move(*catalogue)};
}

}  // namespace cairn::meta
