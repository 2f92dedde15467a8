#include "base/small_file.h"

#include <fmt/core.h>

#include "base/checksum.h"

namespace cairn {

namespace {

constexpr size_t checksum_size = 8;

}  // namespace

Bytes begin_small_file(const SmallFileKind& kind) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(kind.magic);
    out.put(kind.format);
    return bytes;
}

Bytes end_small_file(Bytes bytes) {
    const uint64_t sum = checksum(bytes);
    ByteWriter(bytes).put(sum);
    return bytes;
}

Error small_file_is_damaged(const SmallFileKind& kind) {
    return {Code::corrupt, fmt::format("{} is damaged{}", kind.name, kind.advice)};
}

Result<ByteReader> read_small_file(const SmallFileKind& kind, ByteView bytes) {
    if (bytes.size() < checksum_size)
        return small_file_is_damaged(kind);
    const ByteView body = bytes.first(bytes.size() - checksum_size);
    ByteReader trailer(bytes.subspan(body.size()));
    if (trailer.read<uint64_t>() != checksum(body))
        return small_file_is_damaged(kind);
    ByteReader in(body);
    if (in.read<uint64_t>() != kind.magic)
        return Error(Code::corrupt, fmt::format("this is not {}", kind.name));
    if (in.read<uint32_t>() != kind.format)
        return Error(Code::version_mismatch,
                     fmt::format("{} was written by another version of the program", kind.name));
    return in;
}

}  // namespace cairn
