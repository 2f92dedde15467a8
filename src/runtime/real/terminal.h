// What commands ask of the terminal and of standard input. They block their thread, so commands use
// them before they start anything else; daemons never do.
#pragma once

#include <string>

#include "base/result.h"

namespace cairn::real {

// Shows `prompt` on the controlling terminal and reads a line there, which does not show. Fails
// with unavailable where there is no terminal.
[[nodiscard]] Result<std::string> ask_secret(const std::string& prompt);

// The first line of standard input, without its end.
[[nodiscard]] Result<std::string> read_input_line();

// Whether people watch standard error.
[[nodiscard]] bool errors_are_watched();

}  // namespace cairn::real
