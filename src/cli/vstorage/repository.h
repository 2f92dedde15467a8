// What make-mds and make-cs check of a repository before they make it.
#pragma once

#include <string>

#include "cli/command_context.h"

namespace cairn::cli {

// It is absent, or an empty directory, or a file system as mkfs leaves it.
Task<Result<void>> check_new_directory(CommandContext context, std::string path);

// Nobody listens there now, and this host has the address.
[[nodiscard]] Result<void> check_free_address(CommandContext& context, const Address& address);

// How the service is started: told after it was made.
[[nodiscard]] std::string start_hint(const CommandContext& context, const std::string& kind,
                                     const std::string& cluster, const std::string& repository);

}  // namespace cairn::cli
