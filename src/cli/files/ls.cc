// ls: what is in a directory of the cluster.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/size.h"
#include "cli/client_session.h"
#include "cli/files/commands.h"
#include "cli/print.h"

namespace cairn::cli {

namespace {

struct Options {
    std::string path = "/";
    bool details = false;
};

std::string_view name_of(NodeKind kind) {
    switch (kind) {
        case NodeKind::file: return "file";
        case NodeKind::directory: return "directory";
        case NodeKind::symlink: return "symlink";
    }
    return "file";
}

Task<Result<std::vector<ListedEntry>>> list_all(client::Client& client, std::string path) {
    Result<NodeAttributes> node = co_await client.look_up(path);
    if (!node)
        co_return node.error().with_context(path);
    std::vector<ListedEntry> entries;
    if (node->kind != NodeKind::directory) {
        entries.push_back({last_name(path), *node});
        co_return entries;
    }
    bool more = true;
    while (more) {
        auto page = co_await client.list(node->file, entries.empty() ? "" : entries.back().name);
        if (!page)
            co_return page.error().with_context(path);
        more = page->more && !page->entries.empty();
        for (ListedEntry& entry : page->entries)
            entries.push_back(std::move(entry));
    }
    co_return entries;
}

void print_entries(const std::vector<ListedEntry>& entries, const Options& options) {
    std::vector<std::vector<std::string>> rows;
    for (const ListedEntry& entry : entries) {
        const NodeAttributes& node = entry.node;
        const std::string name = entry.name + (node.kind == NodeKind::directory ? "/" : "");
        if (!options.details) {
            fmt::print("{}\n", name);
            continue;
        }
        rows.push_back({fmt::format("{}:{}", node.storage.replicas_norm, node.storage.replicas_min),
                        fmt::format("{}", node.chunk_count), size_text(node.size),
                        event_time_text(node.modified), name});
    }
    if (options.details)
        print_table({">REPLICAS", ">CHUNKS", ">SIZE", "MODIFIED", "NAME"}, rows);
}

Task<Result<void>> ls(client::Client& client, CommandContext context, Options options) {
    auto entries = co_await list_all(client, options.path);
    if (!entries)
        co_return entries.error();
    if (!context.json) {
        print_entries(*entries, options);
        co_return Result<void>();
    }
    nlohmann::json list = nlohmann::json::array();
    for (const ListedEntry& entry : *entries) {
        const NodeAttributes& node = entry.node;
        list.push_back({{"name", entry.name},
                        {"kind", name_of(node.kind)},
                        {"size", node.size},
                        {"chunks", node.chunk_count},
                        {"replicas", fmt::format("{}:{}", node.storage.replicas_norm,
                                                 node.storage.replicas_min)},
                        {"modified_unix_nanoseconds", node.modified.nanoseconds}});
    }
    print_json(list);
    co_return Result<void>();
}

}  // namespace

void add_ls(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("ls", "List a directory of the cluster");
    command->add_flag("-l", options->details, "Replicas, chunks, sizes, times");
    command->add_option("PATH", options->path, "Directory or file")->capture_default_str();
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return with_tree(context, [context, options = *options](client::Client& client) {
                return ls(client, context, options);
            });
        };
    });
}

}  // namespace cairn::cli
