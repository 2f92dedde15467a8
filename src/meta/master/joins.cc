#include "meta/master/joins.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/master/describe_chunk.h"
#include "meta/master/master.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

namespace {
constexpr size_t joins_at_once = 16;
constexpr Duration copy_timeout = seconds(600);
constexpr Duration between_tries = milliseconds(500);
// Meanwhile recovery may find a server that has room.
constexpr Duration full_lasts = seconds(10);
}  // namespace

Joins::Joins(Master& master) : master_(master), changed_(master.runtime.loop) {}

void Joins::offer(ChunkId chunk, CsId cs) {
    offered_.try_emplace({chunk, cs});
    changed_.notify_all();
}

void Joins::copy_to(ChunkId chunk, CsId cs) {
    copies_[chunk] = cs;
    offer(chunk, cs);
}

bool Joins::expects(ChunkId chunk) const {
    if (running_.contains(chunk))
        return true;
    for (auto at = offered_.lower_bound({chunk, CsId()}); at != offered_.end(); ++at) {
        const auto& [offered, cs] = at->first;
        if (offered != chunk)
            break;
        const CsRecord* server = master_.catalogue().server(cs);
        if (server != nullptr && server->state == CsLoggedState::known && !is_full(cs))
            return true;
    }
    return false;
}

bool Joins::is_full(CsId cs) const {
    const auto full = full_until_.find(cs);
    return full != full_until_.end() && master_.runtime.loop.now() < full->second;
}

std::map<CsId, size_t> Joins::copies_by_server() const {
    std::map<CsId, size_t> copies;
    for (const auto& [chunk, cs] : copies_)
        copies[cs]++;
    return copies;
}

void Joins::take_up() {
    std::vector<std::pair<ChunkId, CsId>> joiners(master_.catalogue().joiners().begin(),
                                                  master_.catalogue().joiners().end());
    if (!joiners.empty())
        master_.scope.spawn(leave_all(std::move(joiners)));
}

Task<void> Joins::leave_all(std::vector<std::pair<ChunkId, CsId>> joiners) {
    for (const auto& [chunk, cs] : joiners)
        co_await give_up(chunk, cs);
}

Task<void> Joins::give_up(ChunkId id, CsId cs) {
    // The chunk may go on to another version before the entry is applied; nobody else would let a
    // joiner go that nobody joins.
    while (!master_.stopping()) {
        const Chunk* chunk = master_.catalogue().chunk(id);
        const ChunkPiece* piece = chunk == nullptr ? nullptr : chunk->pieces.find(cs);
        if (piece == nullptr || piece->in_sync())
            co_return;
        logged::LeaveReplicas leave;
        leave.replicas = {{id, chunk->version, cs}};
        Result<Answer> answer = co_await master_.leaving.propose(std::move(leave));
        if (!answer && answer.code() == Code::not_master)
            co_return;
        const bool stop = co_await master_.pause(milliseconds(20));
        if (stop)
            co_return;
    }
}

size_t Joins::waiting() const {
    return static_cast<size_t>(std::ranges::count_if(offered_, [this](const auto& offer) {
        return master_.servers.answers(offer.first.second);
    }));
}

Joins::Verdict Joins::judge(ChunkId id, CsId cs) const {
    const Catalogue& catalogue = master_.catalogue();
    const Chunk* chunk = catalogue.chunk(id);
    if (chunk == nullptr || chunk->pieces.find(cs) != nullptr)
        return Verdict::forget;
    const Node* node = catalogue.node(chunk->file);
    const CsRecord* server = catalogue.server(cs);
    if (node == nullptr || server == nullptr)
        return Verdict::forget;
    const bool compared =
        catalogue.comparison(id) != nullptr && master_.options.rules.no_join_during_comparison;
    if (!master_.servers.answers(cs) || running_.contains(id) || compared)
        return Verdict::wait;
    // Where a server that is being removed was away, what it has is of use only while too few
    // others have it.
    const size_t there = server->stays() ? catalogue.staying(*chunk) : chunk->pieces.size();
    // A copy to a better place is one too many for a while.
    const auto copy = copies_.find(id);
    const bool moves = copy != copies_.end() && copy->second == cs &&
                       chunk->pieces.size() <= node->storage.replicas_norm;
    if ((there >= node->storage.replicas_norm && !moves) || server->state == CsLoggedState::dropped)
        return Verdict::remove;
    if (chunk->joining_count() > 0 || chunk->in_sync_count() == 0 || is_full(cs))
        return Verdict::wait;
    return Verdict::start;
}

Task<void> Joins::run() {
    while (!master_.stopping()) {
        std::vector<std::pair<ChunkId, CsId>> settled;
        for (const auto& [offer, not_before] : offered_) {
            if (running_.size() >= joins_at_once)
                break;
            if (master_.runtime.loop.now() < not_before)
                continue;
            const auto& [chunk, cs] = offer;
            const Verdict verdict = judge(chunk, cs);
            if (verdict == Verdict::wait)
                continue;
            settled.emplace_back(chunk, cs);
            if (verdict == Verdict::remove)
                master_.deletions.add(cs, chunk);
            if (verdict == Verdict::start) {
                running_.insert(chunk);
                master_.scope.spawn(join(chunk, cs));
            }
        }
        for (const auto& pair : settled) {
            offered_.erase(pair);
            const auto copy = copies_.find(pair.first);
            if (copy != copies_.end() && copy->second == pair.second &&
                !running_.contains(pair.first))
                copies_.erase(copy);
        }
        const bool stop = co_await master_.pause(milliseconds(200));
        if (stop)
            co_return;
    }
}

ChunkDescription Joins::describe(ChunkId id, Version version) const {
    return describe_chunk(master_.catalogue(), id, version);
}

Task<Result<void>> Joins::begin(ChunkId id, CsId cs) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        co_return Error(Code::not_found, "the chunk was removed");
    const Version version = chunk->version;
    const CsKnowledge* server = master_.servers.find(cs);
    if (server == nullptr)
        co_return Error(Code::not_found, "the chunk server was removed");
    const uint64_t sync_epoch = server->sync_epoch;
    BeginJoinOrder order;
    order.description = describe(id, version.next());
    const Node* node = master_.catalogue().node(chunk->file);
    order.epoch = node == nullptr ? LeaseEpoch() : node->epoch;
    Result<Buffer> begun =
        co_await master_.orders.send(cs, Method::begin_join, std::move(order), seconds(10));
    if (!begun)
        co_return begun.error();
    logged::JoinReplica join;
    join.chunk = id;
    join.version = version;
    join.cs = cs;
    join.sync_epoch = sync_epoch;
    co_return co_await master_.log(join);
}

// Of those that may be, the one that the fewest others copy from.
CsId Joins::choose_source(const Chunk& chunk) const {
    CsId source;
    size_t fewest = SIZE_MAX;
    for (const ChunkPiece& piece : chunk.pieces) {
        if (!piece.in_sync() || piece.suspect || !master_.servers.answers(piece.cs))
            continue;
        const auto reading = reading_.find(piece.cs);
        const size_t joins = reading == reading_.end() ? 0 : reading->second;
        if (joins <= fewest) {
            fewest = joins;
            source = piece.cs;
        }
    }
    return source;
}

// Seals and copies until the joiner is in sync, under whatever version the chunk has by then.
Task<Result<void>> Joins::copy(ChunkId id, CsId cs) {
    while (!master_.stopping()) {
        const Chunk* chunk = master_.catalogue().chunk(id);
        const ChunkPiece* joiner = chunk == nullptr ? nullptr : chunk->pieces.find(cs);
        if (joiner == nullptr)
            co_return Error(Code::cancelled, "it left its set");
        if (joiner->in_sync())
            co_return Result<void>();
        const Version version = chunk->version;
        const Version since = joiner->since;
        const bool sealed = co_await master_.comparisons.seal(id, version);
        if (!sealed) {
            const bool stop = co_await master_.pause(milliseconds(50));
            if (stop)
                break;
            continue;
        }
        chunk = master_.catalogue().chunk(id);
        if (chunk == nullptr)
            co_return Error(Code::cancelled, "the chunk was removed");
        const CsId source = choose_source(*chunk);
        if (source.is_none())
            co_return Error(Code::unavailable, "no replica in sync answers");
        RunJoinOrder order;
        order.file = chunk->file;
        order.chunk = id;
        order.version = version;
        order.source = source;
        order.source_address = master_.catalogue().server(source)->address;
        const Node* node = master_.catalogue().node(chunk->file);
        order.urgent = node != nullptr && chunk->in_sync_count() < node->storage.replicas_min;
        reading_[source]++;
        Result<Buffer> copied =
            co_await master_.orders.send(cs, Method::run_join, std::move(order), copy_timeout);
        reading_[source]--;
        if (!copied && copied.code() == Code::stale_map)
            continue;
        if (!copied)
            co_return copied.error();
        logged::JoinDone done;
        done.chunk = id;
        done.version = since;
        done.cs = cs;
        co_return co_await master_.log(done);
    }
    co_return Error(Code::cancelled, "the master stops");
}

// Others have their turn before it is tried again.
void Joins::did_not_join(ChunkId id, CsId cs, Code code) {
    const Instant now = master_.runtime.loop.now();
    const bool full = code == Code::no_space && master_.options.rules.pass_over_full;
    if (full)
        full_until_[cs] = now + full_lasts;
    if (full || copies_.contains(id))
        master_.recovery.avoid(id, cs);
    if (copies_.contains(id)) {
        // It need not be there: recovery may find another place.
        offered_.erase({id, cs});
        master_.deletions.add(cs, id);
    } else {
        offered_[{id, cs}] = now + between_tries;
    }
}

Task<void> Joins::join(ChunkId id, CsId cs) {
    Result<void> joined = co_await begin(id, cs);
    if (joined)
        joined = co_await copy(id, cs);
    if (!joined && !master_.stopping()) {
        master_.runtime.log.write(Severity::info, "mds",
                                  fmt::format("chunk {} does not join on CS#{} now: {}", id.number,
                                              cs.number, joined.error().message()));
        co_await give_up(id, cs);
        did_not_join(id, cs, joined.code());
    }
    if (joined)
        master_.recovery.copied();
    copies_.erase(id);
    running_.erase(id);
}

}  // namespace cairn::meta
