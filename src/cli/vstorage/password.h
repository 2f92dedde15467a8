// How a command gets the cluster's password: asked for on the terminal, or from standard input.
#pragma once

#include <string>

#include "base/result.h"

namespace cairn::cli {

constexpr const char* password_prompt = "Please enter password for cluster:";

enum class PasswordSource : uint8_t { terminal, standard_input };

// `twice`: for a password that is being chosen; it is asked for again where it is typed.
[[nodiscard]] Result<std::string> get_password(PasswordSource source, bool twice);

}  // namespace cairn::cli
