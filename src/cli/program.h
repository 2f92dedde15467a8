// The course of a program made of commands: parse, run one, report what went wrong in one line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_context.h"

namespace CLI {
class App;
}

namespace cairn::cli {

// Adds -c and --json, which go before or after the name of a command.
void add_common_options(CLI::App& app, Invocation& invocation);

// The exit code, if the program ends here: 0 after help, 2 for a command line that is not one.
[[nodiscard]] std::optional<int> parse(CLI::App& app, int count, const char* const* arguments);

// 0, or 1 with a line "PROGRAM: what went wrong" on standard error.
Task<int> run_command(std::string program, Invocation invocation, CommandContext context);

}  // namespace cairn::cli
