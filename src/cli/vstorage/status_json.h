// The words for a cluster's state, and the state as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "wire/status_messages.h"

namespace cairn::cli {

[[nodiscard]] std::string_view name_of(ShownClusterStatus status);
[[nodiscard]] std::string_view name_of(CsShownState state);
// "CD": one letter each, as in the documents.
[[nodiscard]] std::string flags_text(uint32_t flags);
// The lines Chunks and FS.
[[nodiscard]] std::string chunks_text(const ClusterStatusReply& status);
// How recovery goes, in a few words; empty where nothing is to be done.
[[nodiscard]] std::string recovery_text(const ClusterStatusReply& status);
[[nodiscard]] nlohmann::json json_of(const ClusterStatusReply& status);

}  // namespace cairn::cli
