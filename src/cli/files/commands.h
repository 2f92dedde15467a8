// The commands of `cairn` on files of a cluster.
#pragma once

#include <string>

#include "cli/command_context.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so
class App;
}

namespace cairn::cli {

void add_put(CLI::App& app, Invocation& invocation);
void add_get(CLI::App& app, Invocation& invocation);
void add_ls(CLI::App& app, Invocation& invocation);
void add_rm(CLI::App& app, Invocation& invocation);
void add_mkdir(CLI::App& app, Invocation& invocation);
void add_disks(CLI::App& app, Invocation& invocation);  // mkdisk, resize
void add_map(CLI::App& app, Invocation& invocation);

// "c" of "/a/b/c" and "c".
[[nodiscard]] std::string last_name(const std::string& path);

}  // namespace cairn::cli
