// The course of a program: parse its command line, run what it asks for, report what went wrong in
// one line. The daemons and the simulator share the first part, so that --help, --version and a
// wrong command line look the same everywhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_context.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so
class App;
}

namespace cairn::cli {

// Before anything else is added to the program: how its help looks, and --version.
void add_help_and_version(CLI::App& app);

// The same for a program made of commands, with -c and --json, which go before or after the name
// of a command.
void add_common_options(CLI::App& app, Invocation& invocation);

// The exit code, if the program ends here: 0 after help, 2 for a command line that is not one.
[[nodiscard]] std::optional<int> parse(CLI::App& app, int count, const char* const* arguments);

// 0, or 1 with a line "PROGRAM: what went wrong" on standard error.
Task<int> run_command(std::string program, Invocation invocation, CommandContext context);

// "Cairn 0.1.0, protocol 1"
[[nodiscard]] std::string version_text();

}  // namespace cairn::cli
