// Consensus: the replicated log as the master sees it. An operation is proposed, agreed on, applied
// to the catalogue of this server, and answered. Implemented by MetaNode over raft/; everything in
// master/ and requests/ goes through it.
#pragma once

#include "meta/catalogue/catalogue.h"
#include "runtime/task.h"
#include "wire/log_entry.h"
#include "wire/status_messages.h"

namespace cairn::meta {

class Consensus {
  public:
    virtual ~Consensus() = default;

    [[nodiscard]] virtual MdsId self() const = 0;
    [[nodiscard]] virtual Term term() const = 0;
    // What has been applied here; changes only between turns of whoever awaits.
    [[nodiscard]] virtual const Catalogue& catalogue() const = 0;
    [[nodiscard]] virtual LogIndex applied() const = 0;

    // Of all metadata servers, as far as this one knows.
    [[nodiscard]] virtual std::vector<MdsStatus> metadata_server_status() const = 0;

    // The answer that applying gave. An error of the Result itself: not_master (nothing was done),
    // or timed_out when leadership was lost meanwhile (it may be done by the next master).
    virtual Task<Result<Answer>> propose(LogEntry entry) = 0;
    // This server was the master at some moment after the call, and everything agreed before the
    // call is applied here.
    virtual Task<Result<void>> confirm_master() = 0;
};

}  // namespace cairn::meta
