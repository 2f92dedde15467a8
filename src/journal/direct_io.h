// Whole transfers to and from direct files: what a disk did only in part is gone on with, in whole
// blocks, so that every request keeps the alignment that direct files ask for.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

namespace cairn::journal {

// Durable: on stable media when it is done, this write alone.
enum class Keep : uint8_t { held, durable };

// Writes all of `slices`, which lie at multiples of 4 KiB in memory and are whole blocks; they must
// live until it is done.
Task<Result<void>> write_blocks(File& file, uint64_t offset, std::span<const ByteView> slices,
                                Keep keep = Keep::held);

// Fills `into` (whole blocks); fails with out_of_range if the file ends before.
Task<Result<void>> read_blocks(File& file, uint64_t offset, MutableByteView into);

// File::sync(), without its count.
Task<Result<void>> sync_file(File& file);

}  // namespace cairn::journal
