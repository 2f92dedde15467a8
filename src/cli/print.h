// What commands print: text for people, or JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace cairn::cli {

// One line of standard error: "vstorage: warning: ...".
void print_warning(const std::string& text);

void print_json(const nlohmann::json& value);

// Columns under their names, each as wide as its widest cell. A name that begins with '>' is of
// numbers: its cells end in line.
void print_table(const std::vector<std::string>& names,
                 const std::vector<std::vector<std::string>>& rows);

}  // namespace cairn::cli
