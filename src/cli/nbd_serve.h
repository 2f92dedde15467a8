// `cairn nbd serve`: exports local files, or files of a cluster, as NBD disks until it is told to
// stop. It prints one URI for each export, then "ready" (as JSON: one object with both), and
// nothing else; log lines go to standard error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_context.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so
class App;
}

namespace cairn::cli {

struct NbdServeOptions {
    std::vector<std::string> paths;
    std::string unix_socket;            // empty: none
    std::optional<uint16_t> port;       // 0: any free one
    std::string address = "127.0.0.1";  // for the port
    bool read_only = false;
};

// The port that clients try by themselves.
constexpr uint16_t nbd_default_port = 10809;

// Adds `serve` under `nbd`.
void add_nbd_serve(CLI::App& nbd, Invocation& invocation);

}  // namespace cairn::cli
