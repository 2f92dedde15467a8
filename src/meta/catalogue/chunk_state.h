// The documents' chunk states (MON-038 to MON-049), each with its one rule, here and nowhere else:
// status screens, metrics and the repair planner read the same numbers. Pure: who answers now is
// given by the master.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>

#include "meta/catalogue/catalogue.h"

namespace cairn::meta {

// As the master sees a chunk server now.
enum class CsActivity : uint8_t {
    active = 1,
    inactive = 2,  // missed its heartbeats, for less than mds.wd.offline_tout
    offline = 3,
};
using CsActivities = std::map<CsId, CsActivity>;  // one that is not listed is offline

// A chunk is in the first of these states whose rule holds, in this order of the rules:
//
//   offline        no in-sync piece on an active server: requests wait for one to return
//   replicating    a comparison runs: writes go on, reads wait until it is over
//   blocked        fewer in-sync pieces on active servers than the minimum, and nothing joins:
//                  reads are allowed, writes wait
//   pending        the same, and a replica joins: it is at the front of the queue
//   urgent         fewer in-sync pieces than the norm, and it is open for writing: replicas that
//                  are away grow old
//   degraded       fewer in-sync pieces than the norm
//   standby        as many as the norm, some of them on inactive servers
//   overcommitted  more pieces than the norm
//   healthy        none of these
//
// `void` (allocated, never used) and `deleting` (deletion ordered, not confirmed) are not states of
// mapped chunks: a file's unused indices have no chunk, and removed chunks have no map; the status
// adds them to the counts from the master's knowledge.
enum class ChunkState : uint8_t {
    healthy,
    standby,
    degraded,
    urgent,
    blocked,
    pending,
    offline,
    replicating,
    overcommitted,
    deleting,
    unused,  // "void" in the documents
};
constexpr size_t chunk_state_count = 11;

[[nodiscard]] std::string_view name_of(ChunkState state);

struct ChunkNeeds {
    uint8_t norm = 1;
    uint8_t least = 1;
};

[[nodiscard]] ChunkState chunk_state(const Chunk& chunk, bool comparing, const ChunkNeeds& needs,
                                     const CsActivities& activities);
[[nodiscard]] ChunkState chunk_state(const Catalogue& catalogue, ChunkId chunk,
                                     const CsActivities& activities);

struct ChunkCounts {
    std::array<uint64_t, chunk_state_count> of{};

    [[nodiscard]] uint64_t& operator[](ChunkState state) { return of[static_cast<size_t>(state)]; }
    [[nodiscard]] uint64_t operator[](ChunkState state) const {
        return of[static_cast<size_t>(state)];
    }
    [[nodiscard]] uint64_t total() const;
};

// Adds up to `limit` chunks from `from` on, so that counting many stalls nothing; gives where to go
// on, none when that was all.
[[nodiscard]] ChunkId count_chunk_states(const Catalogue& catalogue, const CsActivities& activities,
                                         ChunkId from, size_t limit, ChunkCounts& counts);

}  // namespace cairn::meta
