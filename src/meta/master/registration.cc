#include "meta/master/registration.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "wire/log_chunks.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

namespace {

Error unknown(CsId cs) {
    return {Code::permission_denied,
            fmt::format("the cluster knows no CS#{}: it was removed, or its repository belongs to "
                        "another cluster; set it up anew with make-cs",
                        cs.number)};
}

}  // namespace

Result<void> Registration::check_start(const CsStartRequest& request) const {
    const CsRecord* known = master_.catalogue().server(request.cs);
    if (known == nullptr || known->state == CsLoggedState::dropped)
        return unknown(request.cs);
    if (request.highest_position > master_.consensus.applied())
        return Error(
            Code::behind,
            fmt::format("CS#{} has seen log position {}, this master is at {}: the metadata was "
                        "restored from a copy; nothing is decided on it",
                        request.cs.number, request.highest_position.number,
                        master_.consensus.applied().number));
    return {};
}

// Epochs alone do not tell: an old copy that is started again and again comes to any epoch.
bool Registration::knows_last_start(const CsStartRequest& request) const {
    const uint64_t last = master_.catalogue().server(request.cs)->start_mark;
    return last == 0 || last == request.start_mark ||
           std::ranges::find(request.earlier_marks, last) != request.earlier_marks.end() ||
           !master_.options.rules.refuse_restored_copy;
}

// The last words of a process whose repository has been started again since: nobody hears the
// answer, and it is no copy.
bool Registration::is_overtaken(const CsStartRequest& request) const {
    const auto accepted = accepted_.find(request.cs);
    return accepted != accepted_.end() && request.fresh_start &&
           accepted->second.mark != request.start_mark &&
           std::ranges::find(accepted->second.earlier, request.start_mark) !=
               accepted->second.earlier.end();
}

// The server ends by it, for good.
Error Registration::refuse_copy(const CsStartRequest& request) {
    const bool news = std::exchange(refused_[request.cs], request.start_mark) != request.start_mark;
    if (news && !is_overtaken(request))
        master_.events.note(cs_is_restored_copy(request.cs, request.repository));
    return {
        Code::permission_denied,
        fmt::format("the repository {} of CS#{} is an old copy, or another program has run from "
                    "a copy of it since: it does not know the last start that this cluster "
                    "accepted, and lacks what was written after that. If the original is there, "
                    "put it back; else remove this chunk server (vstorage rm-cs -f {}) and make "
                    "a new one with make-cs, which takes its data from the others",
                    request.repository, request.cs.number, request.cs.number)};
}

Task<Result<void>> Registration::log_start(const CsStartRequest& request) {
    logged::CsStarted started;
    started.cs = request.cs;
    started.host = request.host;
    started.host_name = request.host_name;
    started.address = request.address;
    started.repository = request.repository;
    started.tier = request.tier;
    started.integrity_sequence = request.integrity_sequence;
    started.sync_epoch = request.sync_epoch;
    started.start_mark = request.start_mark;
    started.known_mark = master_.catalogue().server(request.cs)->start_mark;
    started.answering = master_.servers.answering();
    std::erase(started.answering, request.cs);
    // While this is agreed on, the server is not one to count on.
    master_.servers.at(request.cs).registered = false;
    co_return co_await master_.log(std::move(started));
}

Task<Result<CsStartReply>> Registration::start(CsStartRequest request) {
    CO_TRY(check_start(request));
    if (!knows_last_start(request))
        co_return refuse_copy(request);
    const CsRecord* known = master_.catalogue().server(request.cs);
    const bool news = known->integrity_sequence != request.integrity_sequence ||
                      known->sync_epoch != request.sync_epoch ||
                      known->start_mark != request.start_mark ||
                      known->address != request.address || known->host != request.host ||
                      known->state != CsLoggedState::known || known->tier != request.tier ||
                      known->host_name != request.host_name;
    if (news) {
        Result<void> logged = co_await log_start(request);
        if (!logged && logged.code() == Code::behind)
            co_return refuse_copy(request);
        if (!logged)
            co_return logged.error();
        master_.watchdog.server_returned();
    }
    if (master_.catalogue().server(request.cs) == nullptr)
        co_return unknown(request.cs);
    CsKnowledge& knowledge = master_.servers.at(request.cs);
    knowledge.registered = false;
    knowledge.sync_epoch = request.sync_epoch;
    knowledge.space = request.space;
    knowledge.flags = request.flags;
    knowledge.build_version = request.build_version;
    knowledge.boot_id = request.boot_id;
    knowledge.last_heard = master_.runtime.loop.now();
    told_[request.cs] = {request.sync_epoch, {}};
    accepted_[request.cs] = {request.start_mark, std::move(request.earlier_marks)};
    CsStartReply reply;
    reply.position = master_.consensus.applied();
    reply.term = master_.consensus.term();
    co_return reply;
}

void Registration::heard(CsId cs) {
    const CsKnowledge* known = master_.servers.find(cs);
    const CsRecord* record = master_.catalogue().server(cs);
    if (known == nullptr || record == nullptr)
        return;
    const auto shared = boots_.heard(record->host, known->boot_id, cs, master_.runtime.loop.now());
    if (shared)
        master_.events.note(hosts_share_an_id(shared->one, shared->other, record->host));
}

Result<void> Registration::chunks(const CsChunksRequest& request) {
    const auto at = told_.find(request.cs);
    if (at == told_.end() || at->second.sync_epoch != request.sync_epoch)
        return Error(Code::retry, "the chunk server has not said that it started: it begins again");
    std::vector<HeldChunk>& list = at->second.chunks;
    for (const HeldChunk& held : request.chunks) {
        if (!list.empty() && held.chunk <= list.back().chunk)
            return Error(Code::invalid_argument, "chunks are not told in ascending order");
        list.push_back(held);
    }
    return {};
}

void Registration::decide_held(CsId cs, const HeldChunk& held, Decisions& decisions) const {
    const Catalogue& catalogue = master_.catalogue();
    const Chunk* chunk = catalogue.chunk(held.chunk);
    if (chunk == nullptr) {
        if (master_.chunk_ids.is_being_made(held.chunk))
            return;
        if (held.chunk < catalogue.counters().chunk_limit)
            decisions.remove.push_back(held.chunk);
        else
            decisions.unknown++;
        return;
    }
    const ChunkPiece* piece = chunk->pieces.find(cs);
    if (piece == nullptr) {
        const Node* node = catalogue.node(chunk->file);
        const bool wanted =
            node != nullptr && catalogue.staying(*chunk) < node->storage.replicas_norm;
        (wanted ? decisions.offer : decisions.remove).push_back(held.chunk);
        return;
    }
    if (!piece->in_sync()) {
        decisions.joiners.push_back(held.chunk);
        return;
    }
    // The log calls it complete and it does not know: what it holds is not what was agreed on.
    if (!held.complete || held.version > chunk->version) {
        decisions.lost.push_back(held.chunk);
        return;
    }
    if (!held.admitted && !piece->suspect && catalogue.comparison(held.chunk) == nullptr)
        decisions.admit.emplace_back(held.chunk, chunk->version);
}

Registration::Decisions Registration::decide(CsId cs, const std::vector<HeldChunk>& held) const {
    Decisions decisions;
    for (const HeldChunk& chunk : held)
        decide_held(cs, chunk, decisions);
    // Expected and not there: lost, never zeros.
    const CsRecord* record = master_.catalogue().server(cs);
    std::optional<uint64_t> expected = record->chunks.next(0);
    size_t at = 0;
    while (expected) {
        while (at < held.size() && held[at].chunk.number < *expected)
            at++;
        if (at == held.size() || held[at].chunk.number != *expected)
            decisions.lost.emplace_back(*expected);
        expected = record->chunks.next(*expected + 1);
    }
    return decisions;
}

Task<Result<void>> Registration::leave(CsId cs, const std::vector<ChunkId>& chunks, bool lost) {
    constexpr size_t chunks_per_entry = 1000;
    for (size_t at = 0; at < chunks.size(); at += chunks_per_entry) {
        logged::LeaveReplicas leave;
        leave.lost = lost;
        leave.answering = master_.servers.answering();
        for (size_t i = at; i < std::min(chunks.size(), at + chunks_per_entry); i++) {
            const Chunk* chunk = master_.catalogue().chunk(chunks[i]);
            if (chunk != nullptr)
                leave.replicas.push_back({chunks[i], chunk->version, cs});
        }
        CO_TRY(co_await master_.log(std::move(leave)));
    }
    co_return Result<void>();
}

Task<Result<void>> Registration::admit(CsId cs,
                                       const std::vector<std::pair<ChunkId, Version>>& chunks) {
    constexpr size_t chunks_per_order = 10'000;
    for (size_t at = 0; at < chunks.size(); at += chunks_per_order) {
        const size_t end = std::min(chunks.size(), at + chunks_per_order);
        AdmitChunksOrder order;
        order.chunks.assign(chunks.begin() + static_cast<ptrdiff_t>(at),
                            chunks.begin() + static_cast<ptrdiff_t>(end));
        Result<Buffer> admitted =
            co_await master_.orders.send(cs, Method::admit_chunks, std::move(order), seconds(10));
        if (!admitted)
            co_return admitted.error();
    }
    co_return Result<void>();
}

Task<Result<void>> Registration::ready(CsReadyRequest request) {
    const auto at = told_.find(request.cs);
    if (at == told_.end() || at->second.sync_epoch != request.sync_epoch ||
        at->second.chunks.size() != request.chunk_count)
        co_return Error(Code::retry, "not all chunks were told: the chunk server begins again");
    const std::vector<HeldChunk> held = std::move(at->second.chunks);
    told_.erase(at);
    const CsId cs = request.cs;
    if (master_.catalogue().server(cs) == nullptr)
        co_return unknown(cs);
    const Decisions decisions = decide(cs, held);
    // 1. What is not there, or was cut short, leaves first.
    CO_TRY(co_await leave(cs, decisions.lost, true));
    CO_TRY(co_await leave(cs, decisions.joiners, false));
    // 2. What may be believed is admitted.
    CO_TRY(co_await admit(cs, decisions.admit));
    // 3. The rest finds its way in time.
    for (const ChunkId chunk : decisions.offer)
        master_.joins.offer(chunk, cs);
    for (const ChunkId chunk : decisions.joiners)
        master_.joins.offer(chunk, cs);
    for (const ChunkId chunk : decisions.remove)
        master_.deletions.add(cs, chunk);
    if (decisions.unknown > 0)
        master_.runtime.log.write(
            Severity::warning, "mds",
            fmt::format(
                "CS#{} holds {} chunks that this cluster's log has never made; they are kept",
                cs.number, decisions.unknown));
    const CsRecord* record = master_.catalogue().server(cs);
    if (record == nullptr || record->state == CsLoggedState::dropped)
        co_return unknown(cs);
    CsKnowledge& knowledge = master_.servers.at(cs);
    if (knowledge.sync_epoch != request.sync_epoch)
        co_return Error(Code::retry, "the chunk server started again meanwhile");
    knowledge.registered = true;
    knowledge.state = CsState::active;
    knowledge.last_heard = master_.runtime.loop.now();
    master_.events.server_active(cs);
    co_return Result<void>();
}

}  // namespace cairn::meta
