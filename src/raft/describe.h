// Messages, entries and members as one line of text, for traces, logs and golden files. Positions
// read index/term.
#pragma once

#include <string>

#include "raft/types.h"

namespace cairn::raft {

[[nodiscard]] std::string describe(Position position);
// Payloads of up to 16 printable bytes are shown, others by their length.
[[nodiscard]] std::string describe(const Entry& entry);
// Voters by their numbers, learners in parentheses: "1 2 (3)".
[[nodiscard]] std::string describe(const Membership& membership);
[[nodiscard]] std::string describe(const Message& message);

}  // namespace cairn::raft
