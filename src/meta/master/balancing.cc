#include "meta/master/balancing.h"

#include <algorithm>

#include "meta/master/master.h"

namespace cairn::meta {

namespace {

// Half of what recovery copies at once: what lacks replicas never waits for these for long.
constexpr size_t moves_at_once = 8;
constexpr size_t moves_from_one = 2;
constexpr size_t chunks_at_once = 256;
// Until servers have deleted what left them and told how full they are.
constexpr Duration settles_after = seconds(15);
constexpr Duration moved_rests = seconds(3600);
constexpr Duration failed_rests = seconds(60);
// When none of a server's chunks may move.
constexpr Duration search_rests = seconds(60);
constexpr Duration hot_interval = seconds(60);

}  // namespace

CsId Balancing::leaves(ChunkId chunk) const {
    const auto move = moves_.find(chunk);
    return move == moves_.end() || move->second.over ? CsId() : move->second.from;
}

void Balancing::began(ChunkId chunk, CsId to) {
    const auto proposed = proposed_.find(chunk);
    if (proposed == proposed_.end())
        return;
    Move& move = moves_[chunk] = proposed->second;
    move.to = to;
    if (move.hot) {
        cooled_++;
        hot_looked_ = master_.runtime.loop.now();
    }
}

bool Balancing::has_one_more(const Chunk& chunk) const {
    const Node* node = master_.catalogue().node(chunk.file);
    return node != nullptr && chunk.pieces.size() > node->storage.replicas_norm;
}

// A move is over when its copy is, and no replica is too many any more: the one that was to leave
// has left, or the new one has, or the file asks for more than before.
void Balancing::settle() {
    const Instant now = master_.runtime.loop.now();
    running_ = 0;
    leaving_.clear();
    for (auto at = moves_.begin(); at != moves_.end();) {
        Move& move = at->second;
        const Chunk* chunk = master_.catalogue().chunk(at->first);
        const bool came = chunk != nullptr && chunk->pieces.find(move.to) != nullptr;
        if (!move.over && !master_.joins.copies_chunk(at->first) &&
            !(came && has_one_more(*chunk))) {
            move.over = now;
            move.rests_until = now + (came ? moved_rests : failed_rests);
            move.bytes = came ? move.bytes : 0;
        }
        if (!move.over) {
            running_++;
            leaving_[move.from]++;
        }
        at = chunk == nullptr || (move.over && move.rests_until < now) ? moves_.erase(at)
                                                                       : std::next(at);
    }
}

// Who is silent may be back in a minute, with all that it holds.
bool Balancing::somebody_is_silent() const {
    return std::ranges::any_of(master_.catalogue().servers(), [this](const auto& server) {
        const auto& [cs, record] = server;
        return record.sync_epoch != 0 && record.state == CsLoggedState::known &&
               !master_.servers.answers(cs);
    });
}

std::vector<placement::Shift> Balancing::shifts() const {
    const Instant now = master_.runtime.loop.now();
    std::vector<placement::Shift> shifts;
    for (const auto& [chunk, move] : moves_) {
        if (!move.over || now - *move.over < settles_after)
            shifts.push_back({move.from, move.to, move.bytes});
    }
    return shifts;
}

// About: the master knows the sizes of servers, not those of replicas.
uint64_t Balancing::replica_bytes(CsId cs, const Chunk& chunk) const {
    const CsSpace& space = master_.servers.find(cs)->space;
    const uint64_t replicas = master_.catalogue().server(cs)->chunks.size();
    const uint64_t used = space.total - std::min(space.total, space.free);
    const uint64_t mean = used / std::max<uint64_t>(replicas, 1);
    return std::min(master_.catalogue().node(chunk.file)->storage.chunk_size, mean);
}

// Only what is whole, stands where it should, and is busy with nothing else.
bool Balancing::may_move(ChunkId id, const Chunk& chunk) const {
    const Node* node = master_.catalogue().node(chunk.file);
    return node != nullptr && !moves_.contains(id) && master_.recovery.has_its_norm(chunk, *node) &&
           master_.catalogue().comparison(id) == nullptr && !master_.joins.expects(id) &&
           std::ranges::all_of(chunk.pieces, [this](const ChunkPiece& piece) {
               return piece.in_sync() && !piece.suspect && master_.servers.answers(piece.cs);
           });
}

placement::BalancedChunk Balancing::describe(CsId from, const Chunk& chunk) const {
    placement::BalancedChunk described;
    described.domain = master_.catalogue().node(chunk.file)->storage.failure_domain;
    described.bytes = replica_bytes(from, chunk);
    for (const ChunkPiece& piece : chunk.pieces)
        described.pieces.push_back(piece.cs);
    return described;
}

void Balancing::look_through(CsId from, const placement::Balance& balance, size_t& budget,
                             std::vector<placement::ShortChunk>& found) {
    Search& search = searches_[from];
    const Instant now = master_.runtime.loop.now();
    const IdSet& chunks = master_.catalogue().server(from)->chunks;
    if (now < search.rests_until || chunks.empty())
        return;
    size_t leaving = leaving_[from];
    for (; budget > 0 && leaving < moves_from_one && found.size() + running_ < moves_at_once;
         budget--) {
        if (search.seen >= chunks.size()) {
            search.seen = 0;
            search.rests_until = now + search_rests;
            return;
        }
        std::optional<uint64_t> next = chunks.next(search.next);
        if (!next)
            next = chunks.next(0);
        search.next = *next + 1;
        search.seen++;
        const ChunkId id(*next);
        const Chunk& chunk = *master_.catalogue().chunk(id);
        if (proposed_.contains(id) || !may_move(id, chunk))
            continue;
        const placement::BalancedChunk described = describe(from, chunk);
        const std::optional<CsId> to = balance.taker(from, described);
        if (!to)
            continue;
        search.seen = 0;
        leaving++;
        proposed_[id] = {from, *to, described.bytes, false, std::nullopt, now};
        found.push_back(master_.recovery.describe_move(id, from, *to));
    }
}

void Balancing::find_uneven(std::vector<placement::ShortChunk>& found) {
    const placement::Balance balance(master_.cluster_map(), master_.placement_policy(), shifts(),
                                     moving_);
    moving_ = balance.unbalanced();
    if (moving_.empty()) {
        searches_.clear();
        return;
    }
    size_t budget = chunks_at_once;
    for (const CsId from : balance.givers())
        look_through(from, balance, budget, found);
}

bool Balancing::find_hot_chunk(CsId from, const std::vector<placement::ServerLoad>& loads,
                               std::vector<placement::ShortChunk>& found) {
    for (const HotChunk& hot : master_.queue_depths.hottest(from)) {
        const Chunk* chunk = master_.catalogue().chunk(hot.chunk);
        if (chunk == nullptr || chunk->pieces.find(from) == nullptr || !may_move(hot.chunk, *chunk))
            continue;
        const placement::BalancedChunk described = describe(from, *chunk);
        const std::optional<CsId> to =
            placement::cooler_server(master_.cluster_map(), master_.placement_policy(), loads, from,
                                     described, hot.share_permille);
        if (!to)
            continue;
        proposed_[hot.chunk] = {from, *to, described.bytes, true, std::nullopt, {}};
        found.push_back(master_.recovery.describe_move(hot.chunk, from, *to));
        return true;
    }
    return false;
}

// At most one a minute, of the hottest server that has one to move.
void Balancing::find_hot(std::vector<placement::ShortChunk>& found) {
    const Instant now = master_.runtime.loop.now();
    // What the queues were before this master was elected it does not know.
    if (now - std::max(hot_looked_, master_.servers.elected()) < hot_interval)
        return;
    const std::vector<placement::ServerLoad> loads = master_.queue_depths.loads(now);
    const std::vector<placement::ServerLoad> hot = placement::hot_servers(loads);
    if (hot.empty())
        return;
    hot_found_ = now;
    hot_ = static_cast<uint32_t>(hot.size());
    cooled_ = 0;
    for (const placement::ServerLoad& server : hot) {
        if (find_hot_chunk(server.cs, loads, found))
            return;
    }
    hot_looked_ = now;
}

QueueStatus Balancing::status() const {
    const Instant now = master_.runtime.loop.now();
    QueueStatus status;
    status.average_tenths = master_.queue_depths.average_tenths(now);
    status.maximum_tenths = master_.queue_depths.maximum_tenths(now);
    status.hot = hot_;
    status.balanced = cooled_;
    if (hot_ > 0)
        status.since = now - hot_found_;
    return status;
}

std::vector<placement::ShortChunk> Balancing::find() {
    settle();
    proposed_.clear();
    std::vector<placement::ShortChunk> found;
    if (somebody_is_silent())
        return found;
    if (master_.options.rules.cool_hot_servers)
        find_hot(found);
    if (master_.options.rules.fill_evenly)
        find_uneven(found);
    return found;
}

}  // namespace cairn::meta
