// The command line that the daemons share: -c NAME -r REPOSITORY.
#pragma once

#include <string>

#include "runtime/runtime.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so
class App;
}

namespace cairn {

struct DaemonOptions {
    std::string cluster;
    std::string repository;
};

void add_daemon_options(CLI::App& app, DaemonOptions& options);

// The repository as the options have it, absolute.
[[nodiscard]] std::string repository_path(const DaemonOptions& options);

// The exit code that says how it went; the reason of a failure goes to the log.
[[nodiscard]] int exit_code_of(Runtime& runtime, const char* component,
                               const Result<void>& outcome);

}  // namespace cairn
