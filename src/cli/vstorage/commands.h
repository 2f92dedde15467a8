// The commands of `vstorage`, by subject. Each adds its subcommands to the program and, when one is
// parsed, sets what the invocation runs.
#pragma once

#include "cli/command_context.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so
class App;
}

namespace cairn::cli {

void add_make_mds(CLI::App& app, Invocation& invocation);
void add_rm_mds(CLI::App& app, Invocation& invocation);
void add_configure_mds(CLI::App& app, Invocation& invocation);
void add_make_cs(CLI::App& app, Invocation& invocation);
void add_rm_cs(CLI::App& app, Invocation& invocation);
void add_auth_node(CLI::App& app, Invocation& invocation);
void add_list_services(CLI::App& app, Invocation& invocation);
void add_attributes(CLI::App& app, Invocation& invocation);     // get-attr, set-attr
void add_configuration(CLI::App& app, Invocation& invocation);  // get-config, set-config
void add_get_event(CLI::App& app, Invocation& invocation);
void add_stat(CLI::App& app, Invocation& invocation);
void add_revoke(CLI::App& app, Invocation& invocation);
void add_version(CLI::App& app, Invocation& invocation);
// What the documents know and this program does not do yet.
void add_unsupported(CLI::App& app, Invocation& invocation);

}  // namespace cairn::cli
