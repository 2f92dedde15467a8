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
#include "sim/recorder.h"
#include "sim/seed_plan.h"

namespace cairn::sim {

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
          recorder_(state, std::move(now)) {}

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

    Runtime& runtime_;
    client::Client client_;
    WorkloadState& state_;
    WorkloadOptions options_;
    Recorder recorder_;
};

}  // namespace cairn::sim
