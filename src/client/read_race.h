// ReadRace: one read that may be asked of several replicas at once, of which the first good answer
// counts. Each attempt keeps its answer in a buffer of its own; only OpenFile::read_any puts one in
// place, so that a late answer touches nothing. Shared by the reader and the attempts, which may
// outlive it in the client's background.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "rpc/connection.h"
#include "runtime/runtime.h"

namespace cairn::client {

class Client;

struct ReadRace {
    struct Attempt {
        CsId cs;
        bool late = false;  // another one was asked, since this one took too long
        bool judged = false;
        std::optional<Result<rpc::Reply>> outcome;
    };

    explicit ReadRace(Loop& loop) : changed(loop) {}
    [[nodiscard]] size_t running() const {
        size_t count = 0;
        for (const Attempt& attempt : attempts)
            count += attempt.outcome ? 0 : 1;
        return count;
    }
    // An answer that nobody has looked at; null if there is none.
    [[nodiscard]] Attempt* fresh() {
        for (Attempt& attempt : attempts)
            if (attempt.outcome && !attempt.judged)
                return &attempt;
        return nullptr;
    }

    std::vector<Attempt> attempts;
    bool decided = false;  // nobody reads any answer any more
    Condition changed;
};

// Asks the server of attempt `number` and says how long it took.
Task<void> run_attempt(Client& client, std::shared_ptr<ReadRace> race, size_t number, Bytes request,
                       uint32_t bytes);

}  // namespace cairn::client
