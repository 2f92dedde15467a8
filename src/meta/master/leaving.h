// Leaving: proposes that replicas leave their sets which did not do what their set must do. Servers
// that would remain are asked first whether they answer now, and flush: heartbeats tell seconds
// late that a server lost power, and until then the one that leaves may hold the only copy of what
// was acknowledged. Decides nothing: the catalogue does (meta/catalogue/chunk_rules.h).
#pragma once

#include <map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "runtime/task.h"
#include "wire/chunk_messages.h"
#include "wire/log_chunks.h"
#include "wire/log_entry.h"

namespace cairn::meta {

class Master;

class Leaving {
  public:
    explicit Leaving(Master& master) : master_(master) {}

    // Fills in who answers. `silent`: servers known not to, beside those that leave. The answer is
    // a LeaveReplicasAnswer; where none may leave, nothing is logged.
    Task<Result<Answer>> propose(logged::LeaveReplicas leave, std::vector<CsId> silent = {});

  private:
    using Questions = std::map<CsId, ChunkTag>;
    [[nodiscard]] Questions questions(const logged::LeaveReplicas& leave,
                                      const std::vector<CsId>& silent) const;
    [[nodiscard]] bool one_may_leave(const logged::LeaveReplicas& leave) const;
    Task<std::vector<CsId>> ask(Questions questions);
    Task<void> ask_one(CsId cs, ChunkTag tag, std::vector<CsId>& answering);

    Master& master_;
};

}  // namespace cairn::meta
