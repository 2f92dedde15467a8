// mkdisk and resize: files as disks, whose space is taken when it is written.
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
    std::string path;
    std::string size;
    bool shrink = false;
};

void print_disk(const CommandContext& context, const std::string& path, uint64_t size) {
    if (context.json)
        print_json({{"path", path}, {"size", size}});
    else
        fmt::print("{}: {}\n", path, size_text(size));
}

Task<Result<void>> set_size(client::Client& client, FileId file, uint64_t size) {
    TruncateFileRequest request;
    request.file = file;
    request.size = size;
    auto done = co_await client.master().change<EmptyReply>(Method::truncate_file, request);
    if (!done)
        co_return done.error();
    co_return Result<void>();
}

Task<Result<void>> mkdisk(client::Client& client, CommandContext context, Options options) {
    Result<uint64_t> size = parse_size(options.size);
    if (!size)
        co_return size.error();
    auto node = co_await client.make_node(options.path, NodeKind::file, 0600, std::nullopt);
    if (!node)
        co_return node.error();
    Result<void> sized = co_await set_size(client, node->file, *size);
    if (!sized) {
        static_cast<void>(co_await client.remove(options.path));
        co_return sized.error().with_context(options.path);
    }
    print_disk(context, options.path, *size);
    co_return Result<void>();
}

Task<Result<void>> resize(client::Client& client, CommandContext context, Options options) {
    Result<uint64_t> size = parse_size(options.size);
    if (!size)
        co_return size.error();
    Result<NodeAttributes> node = co_await client.look_up(options.path);
    if (!node)
        co_return node.error().with_context(options.path);
    if (*size < node->size && !options.shrink)
        co_return Error(Code::invalid_argument,
                        fmt::format("{} has {}: to make it smaller, and lose what is behind, add "
                                    "--shrink",
                                    options.path, size_text(node->size)));
    Result<void> sized = co_await set_size(client, node->file, *size);
    if (!sized)
        co_return sized.error().with_context(options.path);
    print_disk(context, options.path, *size);
    co_return Result<void>();
}

using Work = Task<Result<void>> (*)(client::Client&, CommandContext, Options);

void set_run(CLI::App* command, std::shared_ptr<Options> options, Invocation& invocation,
             Work work) {
    command->add_option("PATH", options->path, "File of the cluster")->required();
    command->add_option("SIZE", options->size, "Bytes, or 512M, 10G, 2T")->required();
    command->callback([options, &invocation, work] {
        invocation.run = [options, work](CommandContext context) {
            return with_tree(context, [context, options = *options, work](client::Client& client) {
                return work(client, context, options);
            });
        };
    });
}

}  // namespace

void add_disks(CLI::App& app, Invocation& invocation) {
    CLI::App* make = app.add_subcommand("mkdisk", "Make an empty disk");
    make->footer("It reads as zeros, and takes space only where it is written.");
    set_run(make, std::make_shared<Options>(), invocation, mkdisk);
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("resize", "Make a disk larger, or smaller");
    command->add_flag("--shrink", options->shrink, "Allow it to become smaller");
    set_run(command, options, invocation, resize);
}

}  // namespace cairn::cli
