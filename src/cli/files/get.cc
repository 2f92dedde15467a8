// get: a file of the cluster to a local one, which appears under its name when it is complete.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/client_session.h"
#include "cli/files/commands.h"
#include "cli/files/copy.h"

namespace cairn::cli {

namespace {

struct Options {
    std::string path;
    std::string local;
};

Task<Result<void>> fill_local(CommandContext context, std::shared_ptr<client::OpenFile> file,
                              std::string path) {
    auto local = co_await context.runtime.disk.open(path, {.write = true, .create = true});
    if (!local)
        co_return local.error();
    Result<size_t> sized = co_await (*local)->truncate(0);
    if (sized)
        sized = co_await (*local)->truncate(file->size());
    if (!sized)
        co_return sized.error().with_context(path);
    CO_TRY(co_await copy_content(context, Direction::out_of_cluster, file, **local, file->size()));
    Result<size_t> synced = co_await (*local)->sync();
    if (!synced)
        co_return synced.error().with_context(path);
    co_return Result<void>();
}

Task<Result<void>> get(client::Client& client, CommandContext context, Options options) {
    const Instant begun = context.runtime.clock.now();
    Disk& disk = context.runtime.disk;
    std::string to =
        absolute_path(context, options.local.empty() ? last_name(options.path) : options.local);
    Result<FileStatus> there = co_await disk.status(to);
    if (there && there->is_directory)
        to += (to.ends_with('/') ? "" : "/") + last_name(options.path);
    Result<NodeAttributes> node = co_await client.look_up(options.path);
    if (!node)
        co_return node.error().with_context(options.path);
    if (node->kind != NodeKind::file)
        co_return Error(Code::is_a_directory, options.path + " is not a file");
    auto file = co_await client.open(node->file, LeaseMode::shared);
    if (!file)
        co_return file.error().with_context(options.path);
    const uint64_t size = (*file)->size();
    const std::string part = to + ".part";
    Result<void> done = co_await fill_local(context, *file, part);
    Result<void> closed = co_await client.close(std::move(*file));
    if (done)
        done = closed;
    if (done)
        done = co_await disk.rename(part, to);
    if (!done) {
        static_cast<void>(co_await disk.remove(part));
        co_return done;
    }
    print_copied(context, options.path, to, size, context.runtime.clock.now() - begun);
    co_return Result<void>();
}

}  // namespace

void add_get(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("get", "Copy a file of the cluster to a local one");
    command->add_option("PATH", options->path, "File of the cluster")->required();
    command->add_option("FILE", options->local, "Local file or directory");
    command->footer(
        "It appears under its name when it is complete. FILE is by default the last part "
        "of PATH.");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return with_client(context, [context, options = *options](client::Client& client) {
                return get(client, context, options);
            });
        };
    });
}

}  // namespace cairn::cli
