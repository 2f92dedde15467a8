// version, and what is not supported yet.
#include <CLI/CLI.hpp>
#include <array>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/version.h"
#include "cli/print.h"
#include "cli/program.h"
#include "cli/vstorage/commands.h"
#include "wire/frame.h"

namespace cairn::cli {

namespace {

// Commands of the documents.
constexpr std::array<const char*, 9> unsupported{
    "discover",     "configure-cs", "top",           "load-license",          "update-license",
    "view-license", "make-report",  "hwflush-check", "prepare_vstorage_drive"};

Task<Result<void>> print_version(CommandContext context) {
    if (context.json)
        print_json({{"version", program_version}, {"protocol", protocol_version_max}});
    else
        fmt::print("{}\n", version_text());
    co_return Result<void>();
}

Task<Result<void>> refuse(std::string name) {
    co_return Error(Code::not_supported,
                    fmt::format("{} is not supported yet; 'vstorage --help' lists what is", name));
}

}  // namespace

void add_version(CLI::App& app, Invocation& invocation) {
    app.add_subcommand("version", "Show the version of this program")->callback([&invocation] {
        invocation.run = print_version;
    });
}

void add_unsupported(CLI::App& app, Invocation& invocation) {
    for (const char* name : unsupported) {
        CLI::App* command = app.add_subcommand(name, "Not supported yet");
        command->group("");  // not in the help
        command->fallthrough(false);
        command->allow_extras();
        command->prefix_command();
        command->callback([name, &invocation] {
            invocation.run = [name](const CommandContext&) {
                return refuse(name);
            };
        });
    }
}

}  // namespace cairn::cli
