// Copying between a local file and one of the cluster: many pieces in flight, holes kept, progress
// shown to people who watch.
#pragma once

#include <memory>

#include "cli/command_context.h"
#include "client/open_file.h"

namespace cairn::cli {

enum class Direction : uint8_t { into_cluster, out_of_cluster };

// The target has the size already and reads as zeros.
Task<Result<void>> copy_content(CommandContext context, Direction direction,
                                std::shared_ptr<client::OpenFile> remote, File& local,
                                uint64_t size);

// "DONE" in words or JSON.
void print_copied(const CommandContext& context, const std::string& from, const std::string& to,
                  uint64_t size, Duration taken);

}  // namespace cairn::cli
