// mkdir: makes directories.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/client_session.h"
#include "cli/files/commands.h"
#include "cli/print.h"

namespace cairn::cli {

namespace {

struct Options {
    std::vector<std::string> paths;
    bool parents = false;
};

Task<Result<void>> make_with_parents(client::Client& client, std::string path) {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        if (!part.ends_with('/')) {
            auto made = co_await client.make_node(part, NodeKind::directory, 0755, std::nullopt);
            if (!made && made.code() != Code::already_exists)
                co_return made.error();
        }
        if (end == std::string::npos)
            co_return Result<void>();
    }
}

Task<Result<void>> mkdir(client::Client& client, CommandContext context, Options options) {
    for (const std::string& path : options.paths) {
        if (options.parents) {
            CO_TRY(co_await make_with_parents(client, path));
            continue;
        }
        auto made = co_await client.make_node(path, NodeKind::directory, 0755, std::nullopt);
        if (!made)
            co_return made.error();
    }
    if (context.json)
        print_json({{"made", options.paths}});
    co_return Result<void>();
}

}  // namespace

void add_mkdir(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("mkdir", "Make directories");
    command->add_flag("-p", options->parents, "And those above; what is there stays");
    command->add_option("PATH", options->paths, "Directories to make")->required();
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return with_tree(context, [context, options = *options](client::Client& client) {
                return mkdir(client, context, options);
            });
        };
    });
}

}  // namespace cairn::cli
