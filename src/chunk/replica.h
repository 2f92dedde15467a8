// Replica: what this server knows of one chunk beyond its content: the newest version it was told,
// whether it may be served, and what clients wrote under that version. Pure decisions; the service
// acts on them and the store keeps them.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "chunk/rules.h"
#include "chunk/running_requests.h"
#include "chunk/written_blocks.h"
#include "wire/chunk_messages.h"

namespace cairn::chunk {

enum class ReplicaState : uint8_t {
    complete,
    joining,      // takes client writes and copies, serves no reads
    interrupted,  // was joining when the process ended: refuses everything until it joins anew
};

// A file's newest lease epoch and the requests that run under any of its epochs.
struct FileFence {
    explicit FileFence(Loop& loop) : running(loop) {}
    LeaseEpoch epoch;
    RunningRequests running;
    Instant used;
};

class Replica {
  public:
    Replica(Loop& loop, ChunkId chunk, FileId file, Version version, ReplicaState state,
            bool admitted)
        : running(loop),
          chunk_(chunk),
          file_(file),
          version_(version),
          state_(state),
          admitted_(admitted) {}

    enum class Use : uint8_t { read, write, flush };
    // Whether a client's request under `tag` may run, given the newest epoch of its file.
    [[nodiscard]] Result<void> check(const ChunkTag& tag, LeaseEpoch newest_epoch, Use use,
                                     const ServiceRules& rules) const;
    // Whether another replica may copy from this one under exactly `version`. A comparison may have
    // an unadmitted source.
    [[nodiscard]] Result<void> check_source(Version version) const;
    // Whether a copy for the join or comparison of `version` may still land in `block`.
    [[nodiscard]] bool copy_may_land(Version version, uint32_t block,
                                     const ServiceRules& rules) const;

    // A version was heard of, from a client or the master. True if it is news.
    bool told(Version version, const ServiceRules& rules);
    // The master seals `version`: told, and, where the rule that remembers is broken, forgets here.
    void sealed(Version version, const ServiceRules& rules);
    void begin_join(FileId file, Version version);
    void complete_join() { state_ = ReplicaState::complete; }
    void admit() { admitted_ = true; }
    // A client's write begins and ends: no copy may land where it is or was.
    [[nodiscard]] uint64_t client_writes(uint32_t first_block, uint32_t count) {
        return written_.begin(first_block, count);
    }
    void client_wrote(uint64_t write, bool succeeded) {
        written_.end(write, succeeded);
        if (!succeeded)
            failed_writes_++;
    }

    [[nodiscard]] ChunkId chunk() const { return chunk_; }
    [[nodiscard]] FileId file() const { return file_; }
    [[nodiscard]] Version version() const { return version_; }
    [[nodiscard]] ReplicaState state() const { return state_; }
    [[nodiscard]] bool admitted() const { return admitted_; }
    // What a copy left out for one of these, nobody wrote.
    [[nodiscard]] uint64_t failed_writes() const { return failed_writes_; }

    RunningRequests running;

  private:
    ChunkId chunk_;
    FileId file_;
    Version version_;
    ReplicaState state_;
    bool admitted_;
    WrittenBlocks written_;
    uint64_t failed_writes_ = 0;
};

}  // namespace cairn::chunk
