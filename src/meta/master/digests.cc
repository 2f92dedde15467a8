#include "meta/master/digests.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "wire/log_chunks.h"
#include "wire/scrub_messages.h"

namespace cairn::meta {

namespace {
constexpr Duration digest_timeout = seconds(30);
}

void Digests::marked(ChunkId chunk) {
    const auto at = compared_now_.find(chunk);
    if (at != compared_now_.end())
        at->second = true;
}

DigestCounts Digests::counts() const {
    const auto undecided = std::ranges::count_if(
        undecided_, [this](ChunkId id) { return master_.catalogue().chunk(id) != nullptr; });
    return {compared_, differed_, static_cast<uint64_t>(undecided)};
}

bool Digests::is_quiet(ChunkId id) const {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        return false;
    if (!master_.options.rules.compare_only_quiet)
        return true;
    return !chunk->marked && master_.catalogue().comparison(id) == nullptr &&
           std::ranges::all_of(chunk->pieces, [this](const ChunkPiece& piece) {
               return piece.in_sync() && !piece.suspect && master_.servers.answers(piece.cs);
           });
}

Task<void> Digests::ask_one(ChunkId id, Version version, CsId cs,
                            std::vector<ReplicaDigests>& replicas) {
    DigestChunkOrder order;
    order.chunk = id;
    order.version = version;
    Result<Buffer> answer =
        co_await master_.orders.send(cs, Method::digest_chunk, order, digest_timeout);
    if (!answer)
        co_return;
    Result<DigestChunkReply> reply = decode<DigestChunkReply>(answer->view());
    if (reply)
        replicas.push_back({cs, std::move(reply->digests)});
}

Task<Digests::Outcome> Digests::compare(ChunkId id) {
    const Rules& rules = master_.options.rules;
    if (!is_quiet(id) || !compared_now_.emplace(id, false).second)
        co_return Outcome::not_quiet;
    const Chunk* chunk = master_.catalogue().chunk(id);
    const Version version = chunk->version;
    std::vector<ReplicaDigests> replicas;
    size_t asked = 0;
    {
        Scope asking(master_.runtime.loop);
        for (const ChunkPiece& piece : chunk->pieces) {
            if (!piece.in_sync())
                continue;
            asked++;
            asking.spawn(ask_one(id, version, piece.cs, replicas));
        }
        co_await asking.join();
    }
    const bool was_marked = compared_now_[id];
    compared_now_.erase(id);
    chunk = master_.catalogue().chunk(id);
    const bool stayed_quiet = is_quiet(id) && !was_marked && chunk->version == version;
    if (replicas.size() != asked || (!stayed_quiet && rules.compare_only_quiet))
        co_return Outcome::not_quiet;
    compared_++;
    DigestVerdict verdict = judge_digests(replicas);
    if (!rules.compare_digests)
        verdict = DigestVerdict();
    if (verdict.equal) {
        undecided_.erase(id);
        co_return Outcome::equal;
    }
    differed_++;
    co_await act_on(id, version, std::move(verdict), std::move(replicas));
    co_return Outcome::different;
}

Task<void> Digests::act_on(ChunkId id, Version version, DigestVerdict verdict,
                           std::vector<ReplicaDigests> replicas) {
    std::ranges::sort(replicas, {}, &ReplicaDigests::cs);
    std::vector<CsId> servers;
    servers.reserve(replicas.size());
    for (const ReplicaDigests& replica : replicas)
        servers.push_back(replica.cs);
    master_.runtime.log.write(
        Severity::error, "mds",
        fmt::format(
            "replicas of chunk {} at version {} differ, first in part {}: {} of {} are wrong",
            id.number, version.number, verdict.first_part,
            verdict.wrong.empty() ? "nobody knows which" : std::to_string(verdict.wrong.size()),
            replicas.size()));
    // Each is right by its own table, and nothing tells which is older: neither is thrown away.
    if (verdict.wrong.empty()) {
        if (undecided_.insert(id).second)
            master_.events.note(replicas_differ(id, servers));
        co_return;
    }
    undecided_.erase(id);
    for (const CsId cs : verdict.wrong) {
        const bool left = co_await let_leave(id, cs);
        if (left || cannot_leave_.emplace(id, cs).second)
            master_.events.note(replica_differs(id, cs, left));
        if (left)
            cannot_leave_.erase({id, cs});
        else
            undecided_.insert(id);
    }
}

// It joins anew by itself, and only what differs moves.
Task<bool> Digests::let_leave(ChunkId id, CsId cs) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr || chunk->pieces.find(cs) == nullptr)
        co_return false;
    logged::LeaveReplicas leave;
    leave.replicas = {{id, chunk->version, cs}};
    Result<Answer> answer = co_await master_.leaving.propose(std::move(leave));
    if (!answer)
        co_return false;
    Result<logged::LeaveReplicasAnswer> left = answer->as<logged::LeaveReplicasAnswer>();
    co_return left && !left->codes.empty() && static_cast<Code>(left->codes[0]) == Code::ok;
}

}  // namespace cairn::meta
