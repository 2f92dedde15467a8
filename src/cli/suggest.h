// What somebody may have meant who typed a word that is none of ours. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cairn::cli {

// The candidate that is a slip or two away from `word`; empty if none is near. Of several, the
// first.
[[nodiscard]] std::string closest(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace cairn::cli
