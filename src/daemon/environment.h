// What programs read from their environment, here and nowhere else.
#pragma once

#include <string>

namespace cairn {

// CAIRN_ROOT: the folder under which everything lies that this host knows of clusters. Empty in
// production, which means /; tests and the demo have their own.
[[nodiscard]] std::string cluster_root();

}  // namespace cairn
