// The small files of a chunk server's repository: identity, state, epochs, starts. Pure. Each is a
// container: magic, version, length, content, checksum; numbers are little-endian. They are
// replaced whole, so a damaged one is rot, and an error: nothing can stand in for it.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace cairn::chunk {

// 0 u64 magic | 8 u32 version | 12 u32 length of content | content | u64 checksum of all before
//
// Content of `identity` (magic "CAIRNCSI"): cluster, u32 cs, u8 tier, u32 flags.
struct Identity {
    ClusterId cluster;
    CsId cs;
    uint8_t tier = 0;
    bool no_verify = false;  // flag 1: made with -S, blocks are not verified at read

    bool operator==(const Identity&) const = default;
};

// Content of `state` (magic "CAIRNCSS"): u64 integrity sequence, u64 sync epoch, u64 boot id,
// u64 log position, u32 flags.
struct StoreState {
    uint64_t integrity_sequence = 1;  // raised by each start after which held data may be gone
    uint64_t sync_epoch = 0;          // raised by each start
    uint64_t boot_id = 0;             // of the machine when the store was opened last
    LogIndex log_position;            // the highest the metadata servers ever showed
    bool clean = true;                // flag 1: stopped in order, nothing is in the journal
    bool failed = false;              // flag 2: refused everything at the end
    bool unadmitted = false;          // flag 4: since an unclean start nobody has believed it again

    bool operator==(const StoreState&) const = default;
};

// Content of `epochs` (magic "CAIRNCSE"): u32 count, then u64 file, u64 epoch, ascending.
using FileEpochs = std::map<FileId, LeaseEpoch>;

// Never lowers one; no epoch forgets the file.
void raise_epoch(FileEpochs& epochs, FileId file, LeaseEpoch epoch);

// Content of `starts` (magic "CAIRNCSM"): u32 count, then u64 marks, oldest first: of the last
// start that a master accepted, and of each one since. Every start draws one, never 0. The master
// knows which start it accepted last: a repository that does not know that one is an old copy,
// however often it is started (docs/design/moving.md).
struct StartMarks {
    std::vector<uint64_t> marks;

    void add(uint64_t mark);
    bool operator==(const StartMarks&) const = default;
};
constexpr size_t start_marks_max = 1000;

[[nodiscard]] Bytes encode(const Identity& identity);
[[nodiscard]] Bytes encode(const StoreState& state);
[[nodiscard]] Bytes encode(const FileEpochs& epochs);
[[nodiscard]] Bytes encode(const StartMarks& starts);
[[nodiscard]] Result<Identity> decode_identity(ByteView bytes);
[[nodiscard]] Result<StoreState> decode_state(ByteView bytes);
[[nodiscard]] Result<FileEpochs> decode_epochs(ByteView bytes);
[[nodiscard]] Result<StartMarks> decode_starts(ByteView bytes);

constexpr size_t small_file_max = 4096;  // identity and state
constexpr size_t starts_file_max = 64 + start_marks_max * sizeof(uint64_t);
constexpr size_t epochs_file_max = size_t{1} << 30;

}  // namespace cairn::chunk
