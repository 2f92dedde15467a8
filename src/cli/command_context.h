// CommandContext: what a command of this program has to work with. Made once, in the program's
// main; commands print to standard output and return what went wrong.
#pragma once

#include <functional>
#include <string>

#include "runtime/runtime.h"

namespace cairn::cli {

struct CommandContext {
    Runtime& runtime;
    Event& stop;                    // set when the user or the service manager wants the end
    std::string working_directory;  // absolute
    std::string root;               // what this host knows of clusters lies under it; empty: /
    std::string cluster;            // as given with -c; empty: implied
    bool json = false;              // print JSON, and nothing else
    bool announce = false;          // say first which metadata server answers
};

// What a command line asks for, filled in while it is parsed.
struct Invocation {
    std::string cluster;
    bool json = false;
    std::function<Task<Result<void>>(CommandContext)> run;
};

// A path as the user gave it, made absolute.
[[nodiscard]] inline std::string absolute_path(const CommandContext& context,
                                               const std::string& path) {
    return path.starts_with('/') ? path : context.working_directory + "/" + path;
}

}  // namespace cairn::cli
