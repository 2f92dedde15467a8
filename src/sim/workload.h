// Workload: what one simulated client does: it opens files, reads, writes and flushes blocks in
// several tasks at once, closes, and begins again, and writes down in the History what it did and
// what it saw.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"
#include "runtime/runtime.h"
#include "sim/history.h"
#include "sim/seed_plan.h"

namespace cairn::sim {

// Shared by all clients of a world; outlives them.
struct WorkloadState {
    History history;
    BlockValue next_value = 1;
    // Writes that have not ended, by file: whoever opens the file next knows that they never will.
    std::map<FileId, std::vector<History::OperationId>> open_writes;
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

struct WorkloadOptions {
    std::vector<std::string> paths;
    uint64_t blocks_per_file = 32;
    WorkPlan work;
};

class Workload {
  public:
    Workload(Runtime& runtime, client::ClientOptions client, WorkloadState& state,
             WorkloadOptions options, std::function<Instant()> now)
        : runtime_(runtime),
          client_(runtime, std::move(client)),
          state_(state),
          options_(std::move(options)),
          now_(std::move(now)) {}

    // Until the state says stop.
    Task<void> run();
    // Reads every block of every file once: the last word on what is there.
    Task<void> read_everything();

  private:
    Task<void> use_one_file();
    // Makes, renames and removes a directory of its own: each must be done exactly once, whichever
    // master answers.
    Task<void> change_the_tree();
    void expect_done(std::string_view what, const std::string& path, const Result<void>& done);
    // `number` is this open's own.
    Task<void> operate(std::shared_ptr<client::OpenFile> file, uint64_t number, bool writes);
    Task<bool> write_some(client::OpenFile& file, uint64_t writer);
    Task<bool> read_some(client::OpenFile& file, uint64_t reader, uint64_t block, uint64_t count);
    Task<bool> flush(client::OpenFile& file, uint64_t writer);
    void opened(FileId file);
    void forget_write(FileId file, History::OperationId id);

    Runtime& runtime_;
    client::Client client_;
    WorkloadState& state_;
    WorkloadOptions options_;
    std::function<Instant()> now_;  // the world's time: all clients' operations are compared by it
};

}  // namespace cairn::sim
