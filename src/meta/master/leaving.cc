#include "meta/master/leaving.h"

#include <algorithm>

#include "meta/catalogue/chunk_rules.h"
#include "meta/master/master.h"

namespace cairn::meta {

namespace {

// Slow disks have much to flush; a server that takes longer than this does not count.
constexpr Duration flush_timeout = seconds(8);

bool contains(const std::vector<CsId>& list, CsId cs) {
    return std::ranges::find(list, cs) != list.end();
}

}  // namespace

// One chunk of each server is enough to ask about: it flushes all. Where too few are known to
// answer anyway, nobody is asked.
Leaving::Questions Leaving::questions(const logged::LeaveReplicas& leave,
                                      const std::vector<CsId>& silent) const {
    Questions all;
    for (const logged::LeaveReplicas::Leaving& leaving : leave.replicas) {
        const Chunk* chunk = master_.catalogue().chunk(leaving.chunk);
        const ChunkPiece* piece = chunk == nullptr ? nullptr : chunk->pieces.find(leaving.cs);
        if (piece == nullptr || !piece->in_sync())
            continue;
        const Node* node = master_.catalogue().node(chunk->file);
        std::vector<CsId> remaining;
        for (const ChunkPiece& other : chunk->pieces) {
            if (other.in_sync() && !other.suspect && master_.servers.answers(other.cs) &&
                !contains(silent, other.cs))
                remaining.push_back(other.cs);
        }
        if (node == nullptr || remaining.size() < node->storage.replicas_min)
            continue;
        for (const CsId cs : remaining)
            all.emplace(cs, ChunkTag{chunk->file, leaving.chunk, chunk->version, node->epoch});
    }
    return all;
}

Task<void> Leaving::ask_one(CsId cs, ChunkTag tag, std::vector<CsId>& answering) {
    FlushChunksRequest request;
    request.tags = {tag};
    Result<Buffer> flushed =
        co_await master_.orders.ask(cs, Method::flush_chunks, encode(request), flush_timeout);
    if (flushed)
        answering.push_back(cs);
}

Task<std::vector<CsId>> Leaving::ask(Questions questions) {
    std::vector<CsId> answering;
    Scope asking(master_.runtime.loop);
    for (const auto& [cs, tag] : questions)
        asking.spawn(ask_one(cs, tag, answering));
    co_await asking.join();
    std::ranges::sort(answering);
    co_return answering;
}

// As far as this master knows: the log may be ahead of what is applied here.
bool Leaving::one_may_leave(const logged::LeaveReplicas& leave) const {
    return std::ranges::any_of(leave.replicas, [&](const auto& replica) {
        const Chunk* chunk = master_.catalogue().chunk(replica.chunk);
        return chunk == nullptr || chunk->version != replica.version ||
               may_leave(master_.catalogue(), master_.options.rules, *chunk,
                         LeavingPiece{replica.cs, leave.lost, &leave.answering});
    });
}

Task<Result<Answer>> Leaving::propose(logged::LeaveReplicas leave, std::vector<CsId> silent) {
    for (const logged::LeaveReplicas::Leaving& leaving : leave.replicas)
        silent.push_back(leaving.cs);
    if (leave.lost) {
        leave.answering = master_.servers.answering();
        std::erase_if(leave.answering, [&silent](CsId cs) { return contains(silent, cs); });
    } else {
        leave.answering = co_await ask(questions(leave, silent));
    }
    if (!one_may_leave(leave)) {
        // A set that waits for its servers asks again and again: that must not fill the log.
        const auto blocked = static_cast<uint16_t>(Code::blocked);
        co_return Answer::of(
            logged::LeaveReplicasAnswer{std::vector<uint16_t>(leave.replicas.size(), blocked)});
    }
    co_return co_await master_.propose(std::move(leave));
}

}  // namespace cairn::meta
