// `cairn`: the command for everything that has no place in the documents' own commands.
#include <CLI/CLI.hpp>

#include "cli/files/commands.h"
#include "cli/nbd_serve.h"
#include "cli/program.h"
#include "daemon/environment.h"
#include "runtime/real/program.h"

int main(int argc, char** argv) {
    using namespace cairn;
    CLI::App app("Cairn: one store from the disks of many machines", "cairn");
    cli::Invocation invocation;
    cli::add_common_options(app, invocation);
    CLI::App* nbd = app.add_subcommand("nbd", "Network block devices");
    nbd->require_subcommand(1);
    cli::add_nbd_serve(*nbd, invocation);
    cli::add_put(app, invocation);
    cli::add_get(app, invocation);
    cli::add_ls(app, invocation);
    cli::add_rm(app, invocation);
    cli::add_mkdir(app, invocation);
    cli::add_disks(app, invocation);
    cli::add_map(app, invocation);
    if (const std::optional<int> code = cli::parse(app, argc, argv))
        return *code;

    real::ProgramOptions options;
    options.machine.reactor.poll_before_sleep = microseconds(50);
    return real::run_program(options, [&invocation](real::Program& program) {
        return cli::run_command("cairn", invocation,
                                {.runtime = program.runtime(),
                                 .stop = program.stop(),
                                 .working_directory = real::Program::working_directory(),
                                 .root = cluster_root(),
                                 .cluster = invocation.cluster,
                                 .json = invocation.json});
    });
}
