#include "meta/master/recovery.h"

#include <algorithm>
#include <utility>

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = milliseconds(200);
constexpr size_t scanned_at_once = 20'000;
constexpr size_t examined_at_once = 2'000;

}  // namespace

bool Recovery::is_halted() const {
    const Settings& settings = master_.catalogue().settings();
    uint64_t offline = 0;
    std::set<HostId> hosts;
    for (const auto& [cs, record] : master_.catalogue().servers()) {
        if (record.sync_epoch == 0 || master_.servers.state(cs) != CsState::offline)
            continue;
        offline++;
        hosts.insert(record.host);
    }
    const uint64_t servers_most = settings.offline_cs_max();
    const uint64_t hosts_most = settings.offline_hosts_max();
    return (servers_most != 0 && offline > servers_most) ||
           (hosts_most != 0 && hosts.size() > hosts_most);
}

bool Recovery::knows_too_little() const {
    return std::ranges::any_of(master_.catalogue().servers(), [this](const auto& server) {
        const auto& [cs, record] = server;
        const CsKnowledge* known = master_.servers.find(cs);
        return record.sync_epoch != 0 && record.state == CsLoggedState::known &&
               (known == nullptr || known->last_heard < master_.servers.elected());
    });
}

void Recovery::scan() {
    if (!scan_from_)
        return;
    const auto& chunks = master_.catalogue().chunks();
    size_t scanned = 0;
    auto entry = chunks.next(scan_from_->number);
    for (; entry.value != nullptr && scanned < scanned_at_once; scanned++) {
        const ChunkId chunk(entry.key);
        const Node* node = master_.catalogue().node(entry.value->file);
        if (node != nullptr && entry.value->pieces.size() != node->storage.replicas_norm)
            candidates_.insert(chunk);
        entry = chunks.next(entry.key + 1);
    }
    if (entry.value == nullptr)
        scan_from_.reset();
    else
        scan_from_ = ChunkId(entry.key);
}

Recovery::Need Recovery::need_of(ChunkId id) const {
    const Catalogue& catalogue = master_.catalogue();
    const Chunk* chunk = catalogue.chunk(id);
    const Node* node = chunk == nullptr ? nullptr : catalogue.node(chunk->file);
    if (node == nullptr || chunk->pieces.size() == node->storage.replicas_norm)
        return Need::none;
    if (catalogue.comparison(id) != nullptr || chunk->joining_count() > 0 ||
        master_.joins.expects(id))
        return Need::wait;
    if (chunk->pieces.size() > node->storage.replicas_norm)
        return Need::fewer;
    const bool has_source = std::ranges::any_of(chunk->pieces, [this](const ChunkPiece& piece) {
        return piece.in_sync() && !piece.suspect && master_.servers.answers(piece.cs);
    });
    return has_source ? Need::replica : Need::wait;
}

placement::ShortChunk Recovery::describe(ChunkId id) const {
    const Chunk& chunk = *master_.catalogue().chunk(id);
    placement::ShortChunk described;
    described.chunk = id;
    described.attributes = master_.catalogue().node(chunk.file)->storage;
    for (const ChunkPiece& piece : chunk.pieces) {
        described.pieces.push_back(piece.cs);
        described.in_sync += piece.in_sync() && master_.servers.answers(piece.cs) ? 1 : 0;
    }
    if (const auto avoided = avoided_.find(id); avoided != avoided_.end())
        described.avoid.assign(avoided->second.begin(), avoided->second.end());
    return described;
}

void Recovery::start_copies(std::vector<placement::ShortChunk> chunks) {
    const placement::RecoveryPlan plan = placement::plan_recovery(
        master_.cluster_map(), master_.placement_policy(), std::move(chunks),
        master_.joins.copies_by_server(), {}, master_.options.seed);
    for (const placement::RecoveryStep& step : plan.steps)
        master_.joins.copy_to(step.chunk, step.target);
    // Those that did not manage before may do so later.
    for (const ChunkId chunk : plan.nowhere)
        avoided_.erase(chunk);
}

// The one to go is on a server that does not answer, or else on the one with the least room; the
// leaving rule keeps what must be kept.
Task<void> Recovery::drop_one(ChunkId id) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        co_return;
    const ChunkPiece* dropped = nullptr;
    uint64_t least_free = UINT64_MAX;
    for (const ChunkPiece& piece : chunk->pieces) {
        const uint64_t free =
            master_.servers.answers(piece.cs) ? master_.servers.find(piece.cs)->space.free : 0;
        if (dropped == nullptr || free < least_free) {
            dropped = &piece;
            least_free = free;
        }
    }
    logged::LeaveReplicas leave;
    leave.replicas = {{id, chunk->version, dropped->cs}};
    static_cast<void>(co_await master_.leaving.propose(std::move(leave)));
}

void Recovery::announce(size_t queued) {
    if (queued > 0 && !announced_)
        master_.events.note(replication_started(queued));
    if (queued == 0 && announced_ && !scan_from_)
        master_.events.note(replication_completed());
    announced_ = queued > 0 || (announced_ && scan_from_);
}

Recovery::Found Recovery::look_at_some() {
    Found found;
    auto at = candidates_.lower_bound(next_candidate_);
    for (size_t i = 0; i < examined_at_once && at != candidates_.end(); i++) {
        const Need need = need_of(*at);
        if (need == Need::replica)
            found.wanting.push_back(describe(*at));
        if (need == Need::fewer)
            found.too_many.push_back(*at);
        if (need == Need::replica || master_.joins.copies_chunk(*at))
            queued_in_pass_++;
        if (need == Need::none)
            avoided_.erase(*at);
        at = need == Need::none ? candidates_.erase(at) : std::next(at);
    }
    next_candidate_ = at == candidates_.end() ? ChunkId() : *at;
    if (at == candidates_.end())
        announce(std::exchange(queued_in_pass_, 0));
    return found;
}

Task<void> Recovery::run() {
    while (true) {
        const bool stop = co_await master_.pause(look_interval);
        if (stop)
            co_return;
        scan();
        if (knows_too_little() || is_halted())
            continue;
        Found found = look_at_some();
        start_copies(std::move(found.wanting));
        for (const ChunkId chunk : found.too_many)
            co_await drop_one(chunk);
    }
}

}  // namespace cairn::meta
