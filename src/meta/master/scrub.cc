#include "meta/master/scrub.h"

#include <algorithm>

#include "meta/catalogue/event_texts.h"
#include "meta/master/describe_chunk.h"
#include "meta/master/master.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = milliseconds(500);
constexpr Duration verify_timeout = seconds(60);
constexpr Duration lose_again_after = seconds(30);
// Of one order, as chunk/serve_scrub.cc reads.
constexpr uint64_t bytes_per_order = 8 * mib;

}  // namespace

const ScrubPass* Scrub::last_pass(CsId cs) const {
    const auto at = progress_.find(cs);
    return at == progress_.end() || !at->second.last ? nullptr : &*at->second.last;
}

uint64_t Scrub::pass_number(CsId cs) const {
    const auto at = progress_.find(cs);
    return at == progress_.end() ? 0 : at->second.pass.number;
}

// Zero: nothing is verified.
Duration Scrub::interval() const {
    const uint32_t chunks_a_minute = master_.catalogue().settings().verify_chunks();
    return chunks_a_minute == 0 ? Duration() : seconds(60) / chunks_a_minute;
}

Task<void> Scrub::run() {
    while (true) {
        const bool stop = co_await master_.pause(look_interval);
        if (stop)
            co_return;
        if (interval() == Duration())
            continue;
        for (const CsId cs : master_.servers.answering()) {
            if (running_.insert(cs).second)
                master_.scope.spawn(scrub_server(cs));
        }
    }
}

Task<void> Scrub::scrub_server(CsId cs) {
    // Not all at the same moment.
    const auto part = static_cast<int64_t>(
        master_.runtime.random.below(static_cast<uint64_t>(interval().nanoseconds)));
    Instant began = master_.runtime.loop.now() - Duration{part};
    while (true) {
        co_await wait_for_turn(began);
        if (master_.stopping() || interval() == Duration() || !master_.servers.answers(cs))
            break;
        began = master_.runtime.loop.now();
        const ChunkId chunk = next_chunk(cs);
        if (!chunk.is_none())
            co_await verify(cs, chunk);
    }
    running_.erase(cs);
}

// The setting may change meanwhile.
Task<void> Scrub::wait_for_turn(Instant last_began) {
    while (!master_.stopping() && interval() != Duration()) {
        const Duration left = last_began + interval() - master_.runtime.loop.now();
        if (left <= Duration())
            break;
        co_await master_.pause(std::min(left, look_interval));
    }
    // A turn of others in any case.
    co_await Yield(master_.runtime.loop);
}

// Behind what the server verified last, under whichever master. A server that has verified nothing
// yet: anywhere, so that masters and servers that never live through a whole pass do not verify
// the same chunks for ever.
ChunkId Scrub::starting_point(CsId cs) {
    const CsKnowledge* known = master_.servers.find(cs);
    if (known != nullptr && !known->counters.last_verified.is_none())
        return known->counters.last_verified;
    const uint64_t limit = master_.catalogue().counters().chunk_limit.number;
    return ChunkId(limit == 0 ? 0 : master_.runtime.random.below(limit));
}

bool Scrub::holds(CsId cs, ChunkId id) const {
    const Chunk* chunk = master_.catalogue().chunk(id);
    const ChunkPiece* piece = chunk == nullptr ? nullptr : chunk->pieces.find(cs);
    return piece != nullptr && piece->in_sync();
}

ChunkId Scrub::next_chunk(CsId cs) {
    const CsRecord* record = master_.catalogue().server(cs);
    if (record == nullptr || record->chunks.empty())
        return {};
    const auto [at, first_time] = progress_.try_emplace(cs);
    Progress& progress = at->second;
    if (first_time)
        progress.cursor = starting_point(cs);
    std::optional<uint64_t> next = record->chunks.next(progress.cursor.number + 1);
    if (!next) {
        if (progress.whole)
            progress.last = progress.pass;
        progress.whole = true;
        progress.pass = ScrubPass{.number = progress.pass.number + 1};
        next = record->chunks.next(0);
    }
    progress.cursor = ChunkId(next.value_or(0));
    return progress.cursor;
}

Task<void> Scrub::verify(CsId cs, ChunkId id) {
    const bool read = co_await read_all(cs, id);
    const Chunk* chunk = master_.catalogue().chunk(id);
    // Once for each chunk: when the first of its replicas was read.
    bool compared = true;
    if (read && chunk != nullptr && chunk->pieces.size() > 1 && chunk->pieces.begin()->cs == cs) {
        const Digests::Outcome outcome = co_await master_.digests.compare(id);
        compared = outcome != Digests::Outcome::not_quiet;
        progress_[cs].pass.bad += outcome == Digests::Outcome::different ? 1 : 0;
    }
    progress_[cs].pass.skipped += read && compared ? 0 : 1;
}

Task<bool> Scrub::read_all(CsId cs, ChunkId id) {
    VerifyChunkOrder order;
    order.chunk = id;
    while (!master_.stopping() && holds(cs, id)) {
        Result<Buffer> answer =
            co_await master_.orders.send(cs, Method::verify_chunk, order, verify_timeout);
        auto reply = answer ? decode<VerifyChunkReply>(answer->view())
                            : Result<VerifyChunkReply>(answer.error());
        ScrubPass& pass = progress_[cs].pass;
        if (!reply) {
            pass.bad += reply.code() == Code::replica_lost ? 1 : 0;
            if (reply.code() == Code::replica_lost)
                lost(cs, {id});
            co_return false;
        }
        pass.bad += reply->bad_blocks + reply->rewritten;
        // What is bad in memory, too, comes with the heartbeat.
        if (reply->rewritten > 0)
            note_hard_error(cs, id);
        if (reply->next_block <= order.first_block)
            co_return true;
        order.first_block = reply->next_block;
        // Half of the time that a chunk has, so that there is no burst.
        const Node* node = master_.catalogue().node(master_.catalogue().chunk(id)->file);
        const uint64_t size = node == nullptr ? 0 : node->storage.chunk_size;
        co_await master_.pause(interval() / static_cast<int64_t>(2 * (size / bytes_per_order + 1)));
    }
    co_return false;
}

void Scrub::note_hard_error(CsId cs, ChunkId id) {
    master_.events.note(cs_hard_error(cs, path_of_replica(master_.catalogue(), cs, id)));
}

void Scrub::lost(CsId cs, const std::vector<ChunkId>& chunks) {
    const Instant now = master_.runtime.loop.now();
    for (const ChunkId id : chunks) {
        const Chunk* chunk = master_.catalogue().chunk(id);
        if (chunk == nullptr || chunk->pieces.find(cs) == nullptr) {
            lost_.erase({id, cs});
            continue;
        }
        const auto [at, first_time] = lost_.try_emplace({id, cs}, now);
        if (!first_time && now - at->second < lose_again_after)
            continue;
        at->second = now;
        if (first_time)
            note_hard_error(cs, id);
        master_.scope.spawn(lose(cs, id));
    }
}

// If it is not the last one: then it goes on serving what is still open there.
Task<void> Scrub::lose(CsId cs, ChunkId id) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        co_return;
    logged::LeaveReplicas leave;
    leave.lost = true;
    leave.replicas = {{id, chunk->version, cs}};
    Result<Answer> answer = co_await master_.leaving.propose(std::move(leave));
    if (!answer)
        co_return;
    const Chunk* now = master_.catalogue().chunk(id);
    if (now == nullptr || now->pieces.find(cs) == nullptr)
        lost_.erase({id, cs});
}

}  // namespace cairn::meta
