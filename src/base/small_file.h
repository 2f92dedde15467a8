// What small files that are replaced as a whole begin and end with, whatever they hold. Pure;
// laying out the content, and reading and replacing the file, is their owners' affair.
//
//      0  u64 magic   8  u32 format   12  content, then u64 XXH3-64 of everything before it
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace cairn {

struct SmallFileKind {
    uint64_t magic;
    uint32_t format;
    std::string_view name;         // as in "... is damaged"
    std::string_view advice = "";  // what follows that, with what separates it
};

// The beginning, for the content to follow.
[[nodiscard]] Bytes begin_small_file(const SmallFileKind& kind);
// All of it, once the content is there.
[[nodiscard]] Bytes end_small_file(Bytes bytes);

// The content of a file that is of this kind and whole. Valid as long as `bytes`.
[[nodiscard]] Result<ByteReader> read_small_file(const SmallFileKind& kind, ByteView bytes);
// For content that is not what its owner has written.
[[nodiscard]] Error small_file_is_damaged(const SmallFileKind& kind);

}  // namespace cairn
