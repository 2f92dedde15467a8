// rm: removes files, and directories with what is in them if that is asked for.
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
    bool recursive = false;
};

// Always the first page: what was listed is removed before the next one is asked for.
Task<Result<void>> empty_directory(client::Client& client, std::string path) {
    while (true) {
        Result<NodeAttributes> node = co_await client.look_up(path);
        if (!node)
            co_return node.error().with_context(path);
        auto page = co_await client.list(node->file, "");
        if (!page)
            co_return page.error().with_context(path);
        if (page->entries.empty())
            co_return Result<void>();
        for (const ListedEntry& entry : page->entries) {
            const std::string child = path + (path.ends_with('/') ? "" : "/") + entry.name;
            if (entry.node.kind == NodeKind::directory)
                CO_TRY(co_await empty_directory(client, child));
            CO_TRY(co_await client.remove(child));
        }
    }
}

Task<Result<void>> rm(client::Client& client, CommandContext context, Options options) {
    for (const std::string& path : options.paths) {
        Result<NodeAttributes> node = co_await client.look_up(path);
        if (!node)
            co_return node.error().with_context(path);
        if (node->kind == NodeKind::directory && options.recursive)
            CO_TRY(co_await empty_directory(client, path));
        CO_TRY(co_await client.remove(path));
    }
    if (context.json)
        print_json({{"removed", options.paths}});
    co_return Result<void>();
}

}  // namespace

void add_rm(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("rm", "Remove files and empty directories");
    command->add_flag("-r", options->recursive, "And directories with everything in them");
    command->add_option("PATH", options->paths, "What to remove")->required();
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return with_tree(context, [context, options = *options](client::Client& client) {
                return rm(client, context, options);
            });
        };
    });
}

}  // namespace cairn::cli
