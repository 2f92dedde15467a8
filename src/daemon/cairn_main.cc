// `cairn`: the command for everything that has no place in the documents' own commands.
#include <CLI/CLI.hpp>

#include "cli/nbd_serve.h"
#include "runtime/real/program.h"

namespace {

using namespace cairn;

cli::CommandContext context_of(real::Program& program) {
    return {.runtime = program.runtime(),
            .stop = program.stop(),
            .working_directory = real::Program::working_directory()};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Cairn: one store from the disks of many machines", "cairn");
    app.require_subcommand(1);
    CLI::App* nbd = app.add_subcommand("nbd", "Network block devices");
    nbd->require_subcommand(1);
    cli::NbdServeOptions nbd_serve;
    cli::add_nbd_serve(*nbd, nbd_serve);
    CLI11_PARSE(app, argc, argv);

    real::ProgramOptions options;
    options.machine.reactor.poll_before_sleep = microseconds(50);
    return real::run_program(options, [&nbd_serve](real::Program& program) {
        return cli::nbd_serve(context_of(program), nbd_serve);
    });
}
