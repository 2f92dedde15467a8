// The checks on a message that need no state. The codec refuses what fails them, and so does
// Raft::step, because messages can also reach it in memory.
#pragma once

#include "base/result.h"
#include "raft/types.h"

namespace cairn::raft {

// Beyond these no honest server comes; refusing them keeps "+ 1" from wrapping around.
inline constexpr uint64_t term_max = uint64_t{1} << 62;
inline constexpr uint64_t index_max = uint64_t{1} << 62;

// Consecutive from behind `previous`, terms never falling and never above `term`, memberships
// readable.
[[nodiscard]] Result<void> check_entries(Position previous, Term term,
                                         const std::vector<Entry>& entries);

[[nodiscard]] Result<void> check_message(const Message& message);

}  // namespace cairn::raft
