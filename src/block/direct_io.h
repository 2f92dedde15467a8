// Reading and writing whole blocks of a file opened for direct access, past short results: those
// are taken up again at a block boundary, because direct files take nothing else.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

namespace cairn::block {

// Offset, memory and size in units of 4 KiB.
Task<Result<void>> read_blocks(File& file, uint64_t offset, MutableByteView into);
Task<Result<void>> write_blocks(File& file, uint64_t offset, ByteView bytes, bool durable);

// Any bytes of a buffered file.
Task<Result<void>> write_bytes(File& file, uint64_t offset, ByteView bytes, bool durable);

}  // namespace cairn::block
