// The version of every program of this project: what --version prints, and what a chunk server
// tells the master of itself. It decides nothing: what two programs can say to each other is agreed
// on by the protocol's version (wire/hello.h).
#pragma once

#include <string_view>

namespace cairn {

constexpr std::string_view program_version = "0.1.0";

}  // namespace cairn
