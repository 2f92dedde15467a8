// Removals: takes chunk servers out of the cluster. One that is drained keeps serving what it holds
// until recovery has made it on others, then it is forgotten; one that is lost is dropped, and what
// nobody else holds is lost with it.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/task.h"
#include "wire/status_messages.h"

namespace cairn::meta {

class Master;

class Removals {
  public:
    explicit Removals(Master& master) : master_(master) {}

    Task<Result<RemoveCsReply>> drain(CsId cs);
    Task<Result<RemoveCsReply>> cancel(CsId cs);
    // Refused for one that answers, and, unless that is accepted, where data would be lost
    // (Code::not_empty; the reply of drain() and of a refusal say how much).
    Task<Result<RemoveCsReply>> force(CsId cs, bool accept_loss);
    // Forgets those that hold nothing any more.
    Task<void> run();

  private:
    // What its chunks need, and what they would lose with it.
    struct Held {
        uint32_t servers_needed = 0;  // by chunks whose domain is a disk
        uint32_t hosts_needed = 0;    // by those whose domain is a host
        uint64_t unique = 0;          // chunks that nobody else holds
    };
    Task<Held> look_at_chunks(CsId cs);
    void look_at_chunk(CsId cs, ChunkId chunk, Held& held) const;
    // Enough servers remain for what it holds.
    [[nodiscard]] Result<void> check_room(CsId cs, const Held& held) const;
    Task<void> remove_empty();

    Master& master_;
};

}  // namespace cairn::meta
