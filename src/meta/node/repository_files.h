// The names of the files in a metadata server's repository.
//     identity              identity.h; written last when the repository is made
//     moving                new addresses of all servers (address_plan.h), until the log has them
//     peers                 how far the logs of the others were seen to be (peer_lives.h)
//     lock                  held by the program that has the repository open
//     log.N                 segments of the log, without gaps (log_format.h)
//     spare.N               segments made ready; of no meaning to the next program
//     snapshot.INDEX.TERM   the newest snapshot (snapshot_file.h)
//     received.INDEX.TERM   a snapshot from the master that the log may have made current
//     *.part, *.new         files being written
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "raft/types.h"

namespace cairn::meta {

constexpr std::string_view snapshot_prefix = "snapshot";
constexpr std::string_view received_prefix = "received";

[[nodiscard]] std::string log_file_name(uint64_t number);
[[nodiscard]] std::optional<uint64_t> parse_log_file_name(std::string_view name);

[[nodiscard]] std::string snapshot_file_name(std::string_view prefix, raft::Position position);
[[nodiscard]] std::optional<raft::Position> parse_snapshot_file_name(std::string_view prefix,
                                                                     std::string_view name);

}  // namespace cairn::meta
