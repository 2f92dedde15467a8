// A command as a client of its cluster.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/command_context.h"
#include "client/client.h"

namespace cairn::cli {

struct ClientNeeds {
    // The client of the same name on this host is taken over from; empty: nobody's name.
    std::string name;
    // I/O outlasts any absence of the cluster; otherwise it fails after a while, and a command that
    // was killed keeps others from its files for a few seconds only.
    bool wait_for_ever = false;
};

// Fails where the cluster does not answer now. The caller calls stop().
Task<Result<std::unique_ptr<client::Client>>> start_client(CommandContext context,
                                                           ClientNeeds needs);

// Runs `body`, which starts a coroutine and is none itself, on a client that opens files.
using ClientTask = std::function<Task<Result<void>>(client::Client&)>;
Task<Result<void>> with_client(CommandContext context, ClientTask body);
// The same for what only looks at the tree or changes it: nothing is registered.
Task<Result<void>> with_tree(CommandContext context, ClientTask body);

}  // namespace cairn::cli
