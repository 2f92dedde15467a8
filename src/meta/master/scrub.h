// Scrub: has every chunk server read what it holds, so many chunks a minute, round and round,
// whether anybody wants the data or not. Blocks that are bad go the way of those that readers find
// (meta/master/restores.h), replicas that are gone leave their sets and are made anew, and replicas
// that differ are found by their digests (meta/master/digests.h). Its memory is where it is on each
// server; a new master goes on behind what the server says it verified last.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "runtime/runtime.h"
#include "wire/scrub_messages.h"

namespace cairn::meta {

class Master;

// One way through all chunks of a server.
struct ScrubPass {
    uint64_t number = 0;   // on this server, under this master
    uint64_t bad = 0;      // blocks, tables, headers, replicas that were gone, or that differ
    uint64_t skipped = 0;  // what could not be verified or compared now
};

class Scrub {
  public:
    explicit Scrub(Master& master) : master_(master) {}

    Task<void> run();
    // The server says that files of these replicas have vanished.
    void lost(CsId cs, const std::vector<ChunkId>& chunks);
    // The last that went through all of them; null while none has, under this master.
    [[nodiscard]] const ScrubPass* last_pass(CsId cs) const;
    // Of the one that is under way; 0 before there is any.
    [[nodiscard]] uint64_t pass_number(CsId cs) const;

  private:
    struct Progress {
        ChunkId cursor;
        bool whole = false;  // this pass began at the first chunk
        ScrubPass pass;
        std::optional<ScrubPass> last;
    };

    Task<void> scrub_server(CsId cs);
    Task<void> wait_for_turn(Instant last_began);
    [[nodiscard]] Duration interval() const;
    [[nodiscard]] ChunkId starting_point(CsId cs);
    // None: there is nothing to verify.
    ChunkId next_chunk(CsId cs);
    [[nodiscard]] bool holds(CsId cs, ChunkId chunk) const;
    Task<void> verify(CsId cs, ChunkId chunk);
    // True if it went through.
    Task<bool> read_all(CsId cs, ChunkId chunk);
    Task<void> lose(CsId cs, ChunkId chunk);
    void note_hard_error(CsId cs, ChunkId chunk);

    Master& master_;
    std::map<CsId, Progress> progress_;
    std::set<CsId> running_;
    // Replicas that are gone, and when it was last tried to let them leave.
    std::map<std::pair<ChunkId, CsId>, Instant> lost_;
};

}  // namespace cairn::meta
