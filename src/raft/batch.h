// Unpersisted and Persisted: "persist before send" as types. A Raft hands out what must reach the
// disk as an Unpersisted; only that object turns into the Persisted which the Raft wants back
// before it releases a message, a commit or a vote that rests on it. A driver that forgets to
// persist can therefore not send too early: it has nothing to send.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "raft/types.h"

namespace cairn::raft {

class Raft;

// Proof that one batch is on stable media. Made by Unpersisted, consumed by Raft::persisted().
class [[nodiscard]] Persisted {
  public:
    Persisted(Persisted&&) = default;
    Persisted& operator=(Persisted&&) = default;
    Persisted(const Persisted&) = delete;
    Persisted& operator=(const Persisted&) = delete;

  private:
    friend class Raft;
    friend class Unpersisted;
    Persisted(uint64_t generation, Position last) : generation_(generation), last_(last) {}

    uint64_t generation_;
    Position last_;
};

// Everything that changed since the batch before. To be written in this order, made durable
// together (one sync), and only then turned into the proof. A crash may leave any prefix of it,
// where making the snapshot current and dropping the entries are one step. After a failed write the
// server stops and starts anew from its disk.
class [[nodiscard]] Unpersisted {
  public:
    Unpersisted(Unpersisted&&) = default;
    Unpersisted& operator=(Unpersisted&&) = default;
    Unpersisted(const Unpersisted&) = delete;
    Unpersisted& operator=(const Unpersisted&) = delete;

    // Replaces the stored one.
    [[nodiscard]] const HardState& hard_state() const { return hard_state_; }
    // The snapshot that was received becomes the current one, and every entry on disk goes.
    [[nodiscard]] const std::optional<SnapshotMeta>& snapshot() const { return snapshot_; }
    // Consecutive; they replace whatever is on disk from the first one's index on.
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

    // The driver's word that all of the above is on stable media. There is no other way to get the
    // proof.
    [[nodiscard]] Persisted is_on_stable_media() && { return std::move(proof_); }

  private:
    friend class Raft;
    explicit Unpersisted(Persisted proof) : proof_(std::move(proof)) {}

    HardState hard_state_;
    std::optional<SnapshotMeta> snapshot_;
    std::vector<Entry> entries_;
    Persisted proof_;
};

}  // namespace cairn::raft
