// A chunk server started: after an unclean start what it holds of chunks that were open for writing
// is not believed, and after any start it has forgotten joins and what clients wrote.
#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/chunk_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

void after_unclean_start(Change& change, ChunkId id, const LeavingPiece& leaving) {
    const Chunk& chunk = *change.catalogue.chunk(id);
    const bool comparing = change.tables.comparisons.contains(id);
    if (!chunk.pieces.find(leaving.cs)->in_sync()) {
        CHECK(leave(change, id, leaving));
        return;
    }
    if (!chunk.marked && !comparing)
        return;  // nothing was open: it is believed
    if (comparing || !leave(change, id, leaving))
        suspect(change, id, leaving.cs);
}

void after_clean_start(Change& change, ChunkId id, const LeavingPiece& leaving) {
    const Chunk& chunk = *change.catalogue.chunk(id);
    if (!chunk.pieces.find(leaving.cs)->in_sync())
        CHECK(leave(change, id, leaving));
    else if (change.tables.comparisons.contains(id))
        start_comparison(change, id);  // it forgot which blocks clients wrote
}

// The master has seen that the repository knows the last start; here it is still the last.
Result<void> check_repository(const Change& change, const CsRecord& record,
                              const logged::CsStarted& operation) {
    if (!change.rules.refuse_restored_copy)
        return {};
    if (operation.start_mark != record.start_mark && operation.known_mark != record.start_mark)
        return Error(Code::retry,
                     fmt::format("CS#{} has started once more meanwhile", operation.cs.number));
    const bool behind = operation.integrity_sequence < record.integrity_sequence ||
                        operation.sync_epoch < record.sync_epoch || operation.sync_epoch == 0;
    if (behind)
        return Error(
            Code::behind,
            fmt::format("CS#{} shows integrity sequence {} and sync epoch {}, and had {} and {}",
                        operation.cs.number, operation.integrity_sequence, operation.sync_epoch,
                        record.integrity_sequence, record.sync_epoch));
    return {};
}

Result<void> check_start(const Change& change, const logged::CsStarted& operation) {
    const CsRecord* record = change.catalogue.server(operation.cs);
    if (record == nullptr)
        return Error(Code::not_found,
                     fmt::format("CS#{} is not known in this cluster", operation.cs.number));
    if (record->state == CsLoggedState::dropped)
        return Error(Code::not_found, fmt::format("CS#{} was removed from this cluster by force",
                                                  operation.cs.number));
    if (const Result<void> known = check_repository(change, *record, operation); !known)
        return known;
    if (operation.tier > tier_highest)
        return Error(Code::invalid_argument, "a tier is from 0 to 3");
    return {};
}

}  // namespace

Answer apply(Change& change, const logged::CsStarted& operation) {
    if (const Result<void> valid = check_start(change, operation); !valid)
        return valid.error();
    CsRecord& record = change.tables.servers.at(operation.cs);
    const bool unclean = operation.integrity_sequence > record.integrity_sequence &&
                         change.rules.unclean_start_is_suspect;
    const bool fresh = operation.sync_epoch > record.sync_epoch;
    record.host = operation.host;
    record.host_name = operation.host_name;
    record.address = operation.address;
    record.repository = operation.repository;
    record.tier = operation.tier;
    record.integrity_sequence = operation.integrity_sequence;
    record.sync_epoch = operation.sync_epoch;
    record.start_mark = operation.start_mark;
    record.state = CsLoggedState::known;
    change.effects.servers_changed.push_back(operation.cs);

    std::vector<CsId> answering = operation.answering;
    std::ranges::sort(answering);
    const LeavingPiece leaving{operation.cs, false, &answering};
    // Chunks may leave this index, and with a lease that ends even go away, as the walk goes on.
    for (auto id = record.chunks.next(0); id && (unclean || fresh);
         id = record.chunks.next(*id + 1)) {
        if (unclean)
            after_unclean_start(change, ChunkId(*id), leaving);
        else
            after_clean_start(change, ChunkId(*id), leaving);
    }
    return {};
}

}  // namespace cairn::meta
