// Recorder: what the clients of a simulated world do to files, written down in the History with
// what came of it, so that in the end it can be judged.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/client.h"
#include "runtime/task.h"
#include "sim/history.h"

namespace cairn::sim {

// Shared by all clients of a world; outlives them.
struct WorkloadState {
    History history;
    BlockValue next_value = 1;
    // Writes that have not ended, by file: whoever opens the file next knows that they never will.
    std::map<FileId, std::vector<History::OperationId>> open_writes;
    // Of the leases under which a client was let in.
    std::map<FileId, LeaseEpoch> newest_epoch;
    // Why a write that began then cannot be acknowledged now; empty if it can.
    std::function<std::string(Instant began)> doubt_acknowledgement;
    std::optional<std::string> failure;  // what a client saw that must never be seen
    uint64_t writes = 0;
    uint64_t reads = 0;
    uint64_t flushes = 0;
    uint64_t opens = 0;
    uint64_t names = 0;  // every directory is made once
    uint64_t lost_leases = 0;
    bool stop = false;
};

class Recorder {
  public:
    // `now` is the world's time: all clients' operations are compared by it.
    Recorder(WorkloadState& state, std::function<Instant()> now)
        : state_(state), now_(std::move(now)) {}

    // Whoever held an older lease on it has lost that: what it had under way has happened, or never
    // will. (The open itself may come late, and be of a lease that has ended.) Returns the number
    // that this open has of its own.
    uint64_t opened(const client::OpenFile& file);
    // Values that no other write carries.
    Task<Result<void>> write(client::OpenFile& file, uint64_t opening, uint64_t block,
                             uint64_t count, client::WriteUntil until = client::WriteUntil::held);
    // Afterwards the blocks read as zeros; `punch` asks for their space.
    Task<Result<void>> trim(client::OpenFile& file, uint64_t opening, uint64_t block,
                            uint64_t count, bool punch);
    // Returns the first block's value.
    Task<Result<BlockValue>> read(client::OpenFile& file, uint64_t opening, uint64_t block,
                                  uint64_t count);
    Task<Result<void>> flush(client::OpenFile& file, uint64_t opening);
    Task<Result<void>> close(client::Client& client, std::shared_ptr<client::OpenFile> file,
                             uint64_t opening);

  private:
    struct Change {
        uint64_t opening;
        uint64_t block;
        uint64_t count;
        BlockValue value;  // of the first block
        client::WriteUntil until = client::WriteUntil::held;
    };
    Task<Result<void>> record(client::OpenFile& file, Change change, Task<Result<void>> doing);

    WorkloadState& state_;
    std::function<Instant()> now_;
};

}  // namespace cairn::sim
