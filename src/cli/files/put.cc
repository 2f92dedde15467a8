// put: a local file into the cluster. What is there under the name is replaced.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/client_session.h"
#include "cli/files/commands.h"
#include "cli/files/copy.h"

namespace cairn::cli {

namespace {

struct Options {
    std::string local;
    std::string path;
};

struct Target {
    std::string path;
    NodeAttributes node;
    bool made = false;
};

Task<Result<Target>> find_or_make(client::Client& client, Options options) {
    std::string path = options.path;
    Result<NodeAttributes> node = co_await client.look_up(path);
    if (node && node->kind == NodeKind::directory) {
        path += (path.ends_with('/') ? "" : "/") + last_name(options.local);
        node = co_await client.look_up(path);
        if (node && node->kind == NodeKind::directory)
            co_return Error(Code::is_a_directory, path + " is a directory");
    }
    if (node)
        co_return Target{path, *node, false};
    if (node.code() != Code::not_found)
        co_return node.error().with_context(path);
    node = co_await client.make_node(path, NodeKind::file, 0644, std::nullopt);
    if (!node)
        co_return node.error();
    co_return Target{path, *node, true};
}

Task<Result<void>> fill(CommandContext context, client::Client& client, FileId id, File& local,
                        uint64_t size) {
    auto file = co_await client.open(id, LeaseMode::exclusive);
    if (!file)
        co_return file.error();
    Result<void> done = co_await (*file)->truncate(0);
    if (done)
        done = co_await (*file)->truncate(size);
    if (done)
        done = co_await copy_content(context, Direction::into_cluster, *file, local, size);
    Result<void> closed = co_await client.close(std::move(*file));
    co_return done ? closed : done;
}

Task<Result<void>> put(client::Client& client, CommandContext context, Options options) {
    const Instant begun = context.runtime.clock.now();
    const std::string from = absolute_path(context, options.local);
    auto local = co_await context.runtime.disk.open(from, {});
    if (!local)
        co_return local.error();
    Result<uint64_t> size = (*local)->size();
    if (!size)
        co_return size.error();
    Result<Target> target = co_await find_or_make(client, options);
    if (!target)
        co_return target.error();
    Result<void> done = co_await fill(context, client, target->node.file, **local, *size);
    if (!done) {
        // Half a file under the name would pass for a whole one.
        if (target->made)
            static_cast<void>(co_await client.remove(target->path));
        co_return done.error().with_context(target->path);
    }
    print_copied(context, options.local, target->path, *size, context.runtime.clock.now() - begun);
    co_return Result<void>();
}

}  // namespace

std::string last_name(const std::string& path) {
    const size_t end = path.find_last_not_of('/');
    if (end == std::string::npos)
        return {};
    const size_t slash = path.rfind('/', end);
    const size_t begin = slash == std::string::npos ? 0 : slash + 1;
    return path.substr(begin, end + 1 - begin);
}

void add_put(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("put", "Copy a local file into the cluster");
    command->add_option("FILE", options->local, "Local file")->required();
    command->add_option("PATH", options->path, "File or directory of the cluster")->required();
    command->footer("What is there under the name is replaced. Blocks of zeros take no space.");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return with_client(context, [context, options = *options](client::Client& client) {
                return put(client, context, options);
            });
        };
    });
}

}  // namespace cairn::cli
