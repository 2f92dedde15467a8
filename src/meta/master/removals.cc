#include "meta/master/removals.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

namespace {

Error unknown(CsId cs) {
    return {
        Code::not_found,
        fmt::format("CS#{} is not known in this cluster; 'vstorage stat' lists its chunk servers",
                    cs.number)};
}

}  // namespace

void Removals::look_at_chunk(CsId cs, ChunkId id, Held& held) const {
    const Catalogue& catalogue = master_.catalogue();
    const Chunk& chunk = *catalogue.chunk(id);
    const StorageAttributes& storage = catalogue.node(chunk.file)->storage;
    const bool by_host = storage.failure_domain == FailureDomain::host &&
                         catalogue.settings().strict_failure_domain();
    uint32_t& needed = by_host ? held.hosts_needed : held.servers_needed;
    needed = std::max<uint32_t>(needed, storage.replicas_norm);
    held.unique += std::ranges::none_of(chunk.pieces, [&](const ChunkPiece& piece) {
        return piece.cs != cs && piece.in_sync() &&
               catalogue.server(piece.cs)->state == CsLoggedState::known;
    });
}

Task<Removals::Held> Removals::look_at_chunks(CsId cs) {
    constexpr size_t chunks_per_slice = 20'000;
    Held held;
    uint64_t from = 0;
    while (!master_.stopping()) {
        const CsRecord* record = master_.catalogue().server(cs);
        auto id = record == nullptr ? std::nullopt : record->chunks.next(from);
        for (size_t done = 0; id && done < chunks_per_slice; done++) {
            look_at_chunk(cs, ChunkId(*id), held);
            from = *id + 1;
            id = record->chunks.next(from);
        }
        if (!id)
            break;
        co_await Yield(master_.runtime.loop);
    }
    co_return held;
}

Result<void> Removals::check_room(CsId cs, const Held& held) const {
    uint32_t servers = 0;
    std::set<HostId> hosts;
    for (const auto& [other, record] : master_.catalogue().servers()) {
        if (other == cs || !record.stays() || record.state != CsLoggedState::known ||
            record.sync_epoch == 0)
            continue;
        servers++;
        hosts.insert(record.host);
    }
    const auto refusal = [cs](size_t remaining, const char* what, uint32_t needed) {
        return Error(Code::no_space,
                     fmt::format("without CS#{} there would be {} {}, and chunks that it holds "
                                 "have {} replicas: add chunk servers, or lower replicas "
                                 "(vstorage set-attr)",
                                 cs.number, remaining, what, needed));
    };
    if (servers < held.servers_needed)
        return refusal(servers, "chunk servers", held.servers_needed);
    if (hosts.size() < held.hosts_needed)
        return refusal(hosts.size(), "hosts with chunk servers", held.hosts_needed);
    return {};
}

Task<Result<RemoveCsReply>> Removals::drain(CsId cs) {
    const CsRecord* record = master_.catalogue().server(cs);
    if (record == nullptr)
        co_return unknown(cs);
    if (record->stays()) {
        const Held held = co_await look_at_chunks(cs);
        if (master_.catalogue().server(cs) == nullptr)
            co_return unknown(cs);
        CO_TRY(check_room(cs, held));
        CO_TRY(co_await master_.log(logged::DrainCs{cs, true}));
        master_.events.note(cs_is_removed(cs));
    }
    master_.recovery.look_at_all();
    RemoveCsReply reply;
    record = master_.catalogue().server(cs);
    reply.replicas = record == nullptr ? 0 : record->chunks.size();
    co_return reply;
}

Task<Result<RemoveCsReply>> Removals::cancel(CsId cs) {
    const CsRecord* record = master_.catalogue().server(cs);
    if (record == nullptr)
        co_return unknown(cs);
    if (record->state == CsLoggedState::dropped)
        co_return Error(Code::invalid_argument,
                        fmt::format("CS#{} was removed by force, which cannot be taken back: set "
                                    "it up anew with make-cs",
                                    cs.number));
    if (!record->draining)
        co_return Error(Code::invalid_argument,
                        fmt::format("CS#{} is not being removed", cs.number));
    CO_TRY(co_await master_.log(logged::DrainCs{cs, false}));
    master_.events.note(cs_removal_cancelled(cs));
    master_.recovery.look_at_all();
    co_return RemoveCsReply();
}

Task<Result<RemoveCsReply>> Removals::force(CsId cs, bool accept_loss) {
    if (master_.catalogue().server(cs) == nullptr)
        co_return unknown(cs);
    RemoveCsReply reply;
    const Held held = co_await look_at_chunks(cs);
    reply.unique = held.unique;
    const CsRecord* record = master_.catalogue().server(cs);
    if (record == nullptr)
        co_return unknown(cs);
    if (record->sync_epoch != 0 && master_.servers.state(cs) == CsState::unknown &&
        record->state == CsLoggedState::known)
        co_return Error(Code::retry, "it is not known yet whether it is active");
    if (master_.servers.state(cs) == CsState::active)
        co_return Error(Code::busy,
                        fmt::format("CS#{} is active: remove it without -f, which keeps what it "
                                    "holds, or stop it first",
                                    cs.number));
    reply.replicas = record->chunks.size();
    if (reply.unique > 0 && !accept_loss && record->state != CsLoggedState::dropped) {
        reply.refused = true;
        co_return reply;
    }
    CO_TRY(co_await master_.log(logged::SetCsState{cs, CsLoggedState::dropped}));
    if (master_.catalogue().server(cs) != nullptr)
        master_.servers.at(cs).registered = false;
    master_.events.note(cs_is_dropped(cs, reply.unique));
    co_return reply;
}

Task<void> Removals::remove_empty() {
    std::vector<CsId> empty;
    for (const auto& [cs, record] : master_.catalogue().servers()) {
        if (!record.stays() && record.chunks.empty())
            empty.push_back(cs);
    }
    for (const CsId cs : empty) {
        Result<void> removed = co_await master_.log(logged::RemoveCs{cs});
        if (removed)
            master_.events.note(cs_was_removed(cs));
    }
}

Task<void> Removals::run() {
    while (true) {
        const bool stop = co_await master_.pause(milliseconds(250));
        if (stop)
            co_return;
        co_await remove_empty();
    }
}

}  // namespace cairn::meta
