// FanOut: who has answered one write or flush that goes to every piece of a chunk, and whether that
// completes it. Pure: the write path sends what to_send() names and tells it what came of it. It
// knows the one rule that is easy to get wrong: an answer counts for a piece only from the version
// since which the piece's content counts, whenever it arrives.
#pragma once

#include <vector>

#include "base/ids.h"
#include "client/rules.h"
#include "wire/meta_types.h"

namespace cairn::client {

class FanOut {
  public:
    // Joiners are waited for unless `joiners` is false.
    FanOut(const ChunkMap& map, uint8_t replicas_min, bool joiners, const Rules& rules);

    // The chunk's map changed: pieces that left are forgotten, answers that the new map voids are
    // asked for again.
    void take_map(const ChunkMap& map, uint8_t replicas_min);
    [[nodiscard]] Version version() const { return version_; }

    // Pieces to send to now, under version(). Each is in flight from then on.
    std::vector<CsId> to_send();
    // What came of a request that was sent to `cs` under `sent_under`; of a write, whether it is on
    // stable media there.
    void answered(CsId cs, Version sent_under, bool durable = false);
    // It was refused or may not have arrived: it will be sent again, once wake() or a new map says
    // so.
    void failed(CsId cs, Version sent_under);
    // Failed pieces are to be tried again under the map as it is.
    void retry_failed();

    // Every piece has an answer that counts, and at least the minimum are in sync.
    [[nodiscard]] bool complete() const;
    // Of a complete write: every answer that counts says that it is on stable media.
    [[nodiscard]] bool durable() const;
    // Too few are in sync for anything to complete.
    [[nodiscard]] bool below_minimum() const {
        return in_sync_ < replicas_min_ && rules_.keep_minimum;
    }
    [[nodiscard]] bool has_failed() const;

  private:
    enum class State : uint8_t { to_send, in_flight, answered, failed };
    struct Target {
        Piece piece;
        State state = State::to_send;
        Version version;  // under which it was sent, or answered
        bool durable = false;
    };
    [[nodiscard]] Target* find(CsId cs);
    [[nodiscard]] bool counts(const Target& target) const;
    [[nodiscard]] bool wanted(const Piece& piece) const;

    const Rules& rules_;
    bool joiners_;
    Version version_;
    uint8_t replicas_min_ = 1;
    uint32_t in_sync_ = 0;
    std::vector<Target> targets_;
};

}  // namespace cairn::client
