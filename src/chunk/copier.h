// Copier: makes the blocks of one replica here equal to those of another server's replica, for a
// join or a comparison. It compares checksum tables and fetches only what differs; a block that a
// client wrote since the join or comparison began is left alone. Ends early, changing nothing more,
// when the chunk hears of a newer version. Whoever starts one syncs after it.
#pragma once

#include <memory>
#include <vector>

#include "chunk/repair_turns.h"
#include "chunk/replica.h"
#include "chunk/store.h"
#include "rpc/link.h"
#include "runtime/runtime.h"
#include "wire/chunk_messages.h"
#include "wire/methods.h"

namespace cairn::chunk {

struct CopyResult {
    uint32_t blocks_compared = 0;
    uint32_t blocks_copied = 0;
    std::vector<uint32_t> bad_at_source;
};

class Copier {
  public:
    // With `paced`, repair waits for its turn; without, clients wait for what is copied here.
    Copier(Runtime& runtime, ChunkStore& store, rpc::Links& peers, const ServiceRules& rules,
           ServiceCounters& counters, RepairTurns* paced)
        : runtime_(runtime),
          store_(store),
          peers_(peers),
          rules_(rules),
          counters_(counters),
          turns_(paced) {}

    // All blocks of the chunk, except those in `skip` (ascending).
    Task<Result<CopyResult>> copy_chunk(std::shared_ptr<Replica> replica, Version version,
                                        Address source, std::vector<uint32_t> skip);
    // These blocks, whether or not the tables differ.
    Task<Result<CopyResult>> copy_these(std::shared_ptr<Replica> replica, Version version,
                                        Address source, std::vector<uint32_t> blocks);

    // After the last of them: whether all that they left out, clients wrote. `failed_before`: the
    // replica's failed writes before the first.
    Task<Result<void>> check_what_was_left(std::shared_ptr<Replica> replica,
                                           uint64_t failed_before);

  private:
    Task<Result<std::vector<uint32_t>>> find_differences(const Replica& replica, Version version,
                                                         Address source,
                                                         const std::vector<uint32_t>& skip,
                                                         CopyResult& result);
    Task<void> copy_batch(std::shared_ptr<Replica> replica, Version version, Address source,
                          std::vector<uint32_t> blocks, CopyResult& result, Result<void>& outcome);
    Task<Result<rpc::Reply>> fetch(const Replica& replica, Version version, Address source,
                                   const CopyBlocksRequest& request);
    Task<Result<rpc::Reply>> ask(Address source, Method method, Bytes body,
                                 uint32_t expected_reply);
    // Blocks that stand next to each other, here and in the reply.
    struct Run {
        uint32_t first_block = 0;
        uint32_t count = 0;
        size_t at = 0;  // in the reply's list
        bool zeros = false;
    };
    [[nodiscard]] static std::vector<Run> runs_of(const CopyBlocksReply& reply);
    Task<Result<void>> land(Replica& replica, Version version, const CopyBlocksReply& reply,
                            const Buffer& payload, CopyResult& result);
    Task<void> land_run(Replica& replica, Version version, Run run, const CopyBlocksReply& reply,
                        const Buffer& payload, CopyResult& result, Result<void>& outcome);
    Task<Result<void>> write_run(Replica& replica, Version version, Run run,
                                 const CopyBlocksReply& reply, const Buffer& payload);

    Runtime& runtime_;
    ChunkStore& store_;
    rpc::Links& peers_;
    const ServiceRules& rules_;
    ServiceCounters& counters_;
    RepairTurns* turns_;
};

}  // namespace cairn::chunk
