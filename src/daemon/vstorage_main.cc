// `vstorage`: makes, shows and changes clusters.
#include <CLI/CLI.hpp>

#include "cli/program.h"
#include "cli/vstorage/commands.h"
#include "daemon/environment.h"
#include "runtime/real/program.h"

int main(int argc, char** argv) {
    using namespace cairn;
    CLI::App app("Cairn clusters: servers, attributes, parameters, state", "vstorage");
    cli::Invocation invocation;
    cli::add_common_options(app, invocation);
    cli::add_make_mds(app, invocation);
    cli::add_rm_mds(app, invocation);
    cli::add_configure_mds(app, invocation);
    cli::add_rm_cs(app, invocation);
    cli::add_make_cs(app, invocation);
    cli::add_auth_node(app, invocation);
    cli::add_list_services(app, invocation);
    cli::add_attributes(app, invocation);
    cli::add_configuration(app, invocation);
    cli::add_get_event(app, invocation);
    cli::add_stat(app, invocation);
    cli::add_revoke(app, invocation);
    cli::add_version(app, invocation);
    cli::add_unsupported(app, invocation);
    if (const std::optional<int> code = cli::parse(app, argc, argv))
        return *code;

    real::ProgramOptions options;
    options.handle_signals = false;
    options.machine.log_least = Severity::error;
    return real::run_program(options, [&invocation](real::Program& program) {
        return cli::run_command("vstorage", invocation,
                                {.runtime = program.runtime(),
                                 .stop = program.stop(),
                                 .working_directory = real::Program::working_directory(),
                                 .root = cluster_root(),
                                 .cluster = invocation.cluster,
                                 .json = invocation.json,
                                 .announce = true});
    });
}
