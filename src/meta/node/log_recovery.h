// Reading a metadata log back: all segments in order, every group checked. What was never
// acknowledged is left out; damage is an error that names the file, and nothing is returned then, so
// that a server can never vote or acknowledge from a shortened log. It changes no file.
#pragma once

#include <string>
#include <vector>

#include "meta/node/log_format.h"
#include "runtime/runtime.h"

namespace cairn::meta {

struct RecoveredSegment {
    uint64_t number = 0;
    uint64_t size = 0;
    bool has_groups = false;
    LogIndex highest{};  // of the entries that it holds
};

struct RecoveredLog {
    raft::HardState hard_state;
    std::vector<raft::Entry> entries;
    // The received snapshot that the log made current last; `entries` come after it.
    std::optional<raft::SnapshotMeta> made_current;
    std::vector<RecoveredSegment> segments;
    LogSequence next_sequence = 1;
    uint64_t next_chain = 0;
    bool torn = false;
};

// `numbers`: the segments that are there, ascending.
Task<Result<RecoveredLog>> recover_log(Runtime& runtime, std::string directory, LogOwner owner,
                                       std::vector<uint64_t> numbers, LogStoreRules rules);

}  // namespace cairn::meta
