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

namespace {

// What the message itself cannot know, since it comes from wherever a file was written.
const char* advice_for(Code code) {
    switch (code) {
        case Code::no_space: return "; free space on this disk, then start it again";
        case Code::read_only:
            return "; find out why this file system is read-only (dmesg tells), make it writable, "
                   "then start it again";
        default: return "";
    }
}

// A start would end the same way: the units leave such a daemon down (RestartPreventExitStatus).
constexpr int exit_not_wanted = 78;

}  // namespace

int exit_code_of(Runtime& runtime, const char* component, const Result<void>& outcome) {
    if (outcome)
        return EXIT_SUCCESS;
    runtime.log.write(Severity::error, component,
                      outcome.error().message() + advice_for(outcome.code()));
    return outcome.code() == Code::permission_denied ? exit_not_wanted : EXIT_FAILURE;
}

}  // namespace cairn
