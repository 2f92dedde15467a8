#include "daemon/daemon_options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "runtime/real/program.h"

namespace cairn {

void add_daemon_options(CLI::App& app, DaemonOptions& options) {
    app.add_option("-c", options.cluster, "Name of the cluster")->type_name("CLUSTER")->required();
    app.add_option("-r", options.repository, "The repository that it serves")
        ->type_name("DIR")
        ->required();
}

std::string repository_path(const DaemonOptions& options) {
    if (options.repository.starts_with('/'))
        return options.repository;
    return real::Program::working_directory() + "/" + options.repository;
}

int exit_code_of(Runtime& runtime, const char* component, const Result<void>& outcome) {
    if (outcome)
        return EXIT_SUCCESS;
    runtime.log.write(Severity::error, component, outcome.error().message());
    return EXIT_FAILURE;
}

}  // namespace cairn
