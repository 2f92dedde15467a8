// CommandContext: what a command of this program has to work with. Made once, in the program's
// main; commands print to standard output and return the exit code.
#pragma once

#include <string>

#include "runtime/runtime.h"

namespace cairn::cli {

struct CommandContext {
    Runtime& runtime;
    Event& stop;                    // set when the user or the service manager wants the end
    std::string working_directory;  // absolute
};

// A path as the user gave it, made absolute.
[[nodiscard]] inline std::string absolute_path(const CommandContext& context,
                                               const std::string& path) {
    return path.starts_with('/') ? path : context.working_directory + "/" + path;
}

}  // namespace cairn::cli
