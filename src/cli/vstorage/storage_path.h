// Paths and attributes of storage as they are typed.
#pragma once

#include <string>

#include "cli/command_context.h"
#include "wire/meta_messages.h"

namespace cairn::cli {

struct StoragePath {
    std::string cluster;
    std::string path;  // inside it
};

// With `inside` the path is one of the cluster; else it begins with where the cluster belongs in
// this host's tree, /vstorage/NAME, which also says which cluster is meant.
Task<Result<StoragePath>> resolve_path(CommandContext context, std::string path, bool inside);

// "replicas=3", "replicas=2:1", "failure-domain=disk", "tier=1" into the request.
[[nodiscard]] Result<void> parse_attribute(const std::string& text, SetAttributesRequest& request);

}  // namespace cairn::cli
