#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>

namespace cairn::cli {

namespace {

constexpr int usage_error = 2;

CLI::App& deepest_command(CLI::App& app) {
    CLI::App* command = &app;
    while (!command->get_subcommands().empty())
        command = command->get_subcommands().front();
    return *command;
}

}  // namespace

void add_common_options(CLI::App& app, Invocation& invocation) {
    app.fallthrough();
    app.require_subcommand(1);
    app.add_option("-c", invocation.cluster, "Name of the cluster, where more than one is known")
        ->type_name("CLUSTER");
    app.add_flag("--json", invocation.json, "Print JSON");
}

std::optional<int> parse(CLI::App& app, int count, const char* const* arguments) {
    try {
        app.parse(count, arguments);
        return std::nullopt;
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0)
            return app.exit(error);
        fmt::print(stderr, "{}: {}\n\n{}", app.get_name(), error.what(),
                   deepest_command(app).help());
        return usage_error;
    }
}

Task<int> run_command(std::string program, Invocation invocation, CommandContext context) {
    Result<void> done = co_await invocation.run(context);
    std::fflush(stdout);
    if (done)
        co_return EXIT_SUCCESS;
    std::string text = done.error().message();
    std::replace(text.begin(), text.end(), '\n', ' ');
    fmt::print(stderr, "{}: {}\n", program, text);
    co_return EXIT_FAILURE;
}

}  // namespace cairn::cli
