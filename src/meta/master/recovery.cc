#include "meta/master/recovery.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = milliseconds(200);
// Room may come about where replicas should stand, without anybody telling.
constexpr Duration scan_interval = seconds(60);
constexpr size_t scanned_at_once = 20'000;
constexpr size_t examined_at_once = 2'000;

}  // namespace

bool Recovery::is_halted() const {
    const Settings& settings = master_.catalogue().settings();
    uint64_t offline = 0;
    std::set<HostId> hosts;
    for (const auto& [cs, record] : master_.catalogue().servers()) {
        if (record.sync_epoch == 0 || record.state == CsLoggedState::dropped ||
            master_.servers.state(cs) != CsState::offline)
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

// Those that stay, in the right tier, and where hosts are the domain the first of each host. Where
// settings are not strict any place is a right one.
std::vector<CsId> Recovery::well_placed(const Chunk& chunk, const Node& node) const {
    const Settings& settings = master_.catalogue().settings();
    const bool by_host =
        node.storage.failure_domain == FailureDomain::host && settings.strict_failure_domain();
    std::vector<CsId> well;
    std::set<HostId> hosts;
    for (const ChunkPiece& piece : chunk.pieces) {
        const CsRecord& server = *master_.catalogue().server(piece.cs);
        if (server.stays() && server.tier == node.storage.tier &&
            (!by_host || hosts.insert(server.host).second))
            well.push_back(piece.cs);
    }
    return well;
}

bool Recovery::has_its_norm(const Chunk& chunk, const Node& node) const {
    const size_t norm = node.storage.replicas_norm;
    return chunk.pieces.size() == norm && well_placed(chunk, node).size() == norm;
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
        if (node != nullptr && !has_its_norm(*entry.value, *node))
            candidates_.insert(chunk);
        entry = chunks.next(entry.key + 1);
    }
    scanned_ = master_.runtime.loop.now();
    if (entry.value == nullptr)
        scan_from_.reset();
    else
        scan_from_ = ChunkId(entry.key);
}

Recovery::Need Recovery::need_of(ChunkId id) const {
    const Catalogue& catalogue = master_.catalogue();
    const Rules& rules = master_.options.rules;
    const Chunk* chunk = catalogue.chunk(id);
    const Node* node = chunk == nullptr ? nullptr : catalogue.node(chunk->file);
    if (node == nullptr)
        return Need::none;
    if (has_its_norm(*chunk, *node)) {
        // A copy on its way will be one too many: of a move, or of a removal that was called off.
        const bool grows = master_.balancing.moves(id) || master_.joins.copies_chunk(id);
        return grows ? Need::wait : Need::none;
    }
    if (catalogue.comparison(id) != nullptr || chunk->joining_count() > 0 ||
        (rules.wait_for_silent && master_.joins.expects(id)))
        return Need::wait;
    const uint32_t staying = catalogue.staying(*chunk);
    const uint32_t norm = node->storage.replicas_norm;
    if ((staying >= norm && chunk->pieces.size() > norm) ||
        (staying < chunk->pieces.size() && !rules.drain_after_copies))
        return Need::fewer;
    if (!rules.replace_lost)
        return Need::wait;
    const bool has_source = std::ranges::any_of(chunk->pieces, [this](const ChunkPiece& piece) {
        return piece.in_sync() && !piece.suspect && master_.servers.answers(piece.cs);
    });
    if (!has_source)
        return Need::wait;
    if (staying < norm)
        return Need::replica;
    return rules.move_to_better ? Need::move : Need::none;
}

bool Recovery::lacks_replicas(ChunkId id) const {
    const Chunk* chunk = master_.catalogue().chunk(id);
    const Node* node = chunk == nullptr ? nullptr : master_.catalogue().node(chunk->file);
    return node != nullptr && master_.catalogue().staying(*chunk) < node->storage.replicas_norm;
}

placement::ShortChunk Recovery::describe(ChunkId id, bool moves) const {
    const Chunk& chunk = *master_.catalogue().chunk(id);
    const Node& node = *master_.catalogue().node(chunk.file);
    placement::ShortChunk described;
    described.chunk = id;
    described.moves = moves;
    described.attributes = node.storage;
    if (const auto avoided = avoided_.find(id); avoided != avoided_.end())
        described.avoid.assign(avoided->second.begin(), avoided->second.end());
    const std::vector<CsId> well = well_placed(chunk, node);
    for (const ChunkPiece& piece : chunk.pieces) {
        // The place of one that is to go may be taken, as may its host.
        const bool counts = moves ? std::ranges::find(well, piece.cs) != well.end()
                                  : master_.catalogue().server(piece.cs)->stays();
        if (counts && master_.options.rules.recover_into_free_domains)
            described.pieces.push_back(piece.cs);
        else if (!counts)
            described.avoid.push_back(piece.cs);
        described.in_sync += piece.in_sync() && master_.servers.answers(piece.cs) ? 1 : 0;
    }
    return described;
}

placement::ShortChunk Recovery::describe_move(ChunkId id, CsId from, CsId to) const {
    placement::ShortChunk described = describe(id, true);
    described.balances = true;
    std::erase(described.pieces, from);
    described.avoid.push_back(from);
    for (const auto& [cs, record] : master_.catalogue().servers()) {
        if (cs != to && cs != from)
            described.avoid.push_back(cs);
    }
    return described;
}

bool Recovery::has_time_to_balance() const {
    return !scan_from_ && queued_ <= nowhere_ && queued_in_pass_ <= nowhere_in_pass_;
}

void Recovery::start_copies(std::vector<placement::ShortChunk> chunks) {
    std::set<ChunkId> idle_moves;
    for (const placement::ShortChunk& chunk : chunks) {
        if (chunk.moves && !chunk.balances)
            idle_moves.insert(chunk.chunk);
    }
    const placement::RecoveryPlan plan = placement::plan_recovery(
        master_.cluster_map(), master_.placement_policy(), std::move(chunks),
        master_.joins.copies_by_server(), {}, master_.options.seed);
    for (const placement::RecoveryStep& step : plan.steps) {
        master_.joins.copy_to(step.chunk, step.target);
        // Until it has its norm again: one will be too many.
        candidates_.insert(step.chunk);
        master_.balancing.began(step.chunk, step.target);
        moved_in_pass_ |= idle_moves.erase(step.chunk) > 0;
    }
    // Those that did not manage before may do so later.
    for (const ChunkId chunk : plan.nowhere)
        avoided_.erase(chunk);
    nowhere_in_pass_ += plan.nowhere.size();
    // A better place may come about, some time: the next scan looks.
    for (const ChunkId chunk : idle_moves) {
        avoided_.erase(chunk);
        candidates_.erase(chunk);
    }
}

void Recovery::copied() {
    progress_.copied(master_.runtime.loop.now());
}

RecoveryStatus Recovery::status() const {
    RecoveryStatus status;
    // Where nothing is missing, nothing is halted: replicas that would only stand better elsewhere
    // wait.
    status.halted = is_halted() && std::ranges::any_of(candidates_, [this](ChunkId chunk) {
                        return lacks_replicas(chunk);
                    });
    status.running = master_.joins.running();
    status.queued = queued_ > status.running ? queued_ - status.running : 0;
    status.nowhere = nowhere_;
    const uint64_t to_do = queued_ > nowhere_ ? queued_ - nowhere_ : 0;
    status.left = progress_.left(std::max(to_do, status.running), master_.runtime.loop.now());
    return status;
}

// The one to go is on a server that is being removed, or on one that does not answer, or it made
// room elsewhere, or else it is on the fullest; the leaving rule keeps what must be kept.
Task<void> Recovery::drop_one(ChunkId id) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        co_return;
    const Node* node = master_.catalogue().node(chunk->file);
    if (node == nullptr)
        co_return;
    const std::vector<CsId> well = well_placed(*chunk, *node);
    const CsId leaves = master_.balancing.leaves(id);
    const placement::Balance levels(master_.cluster_map(), master_.placement_policy(), {}, {});
    const auto worth = [&](CsId cs) {
        return std::make_tuple(std::ranges::find(well, cs) != well.end(),
                               master_.servers.answers(cs), cs != leaves,
                               std::numeric_limits<uint32_t>::max() - levels.fill(cs));
    };
    const ChunkPiece* dropped = nullptr;
    for (const ChunkPiece& piece : chunk->pieces) {
        if (dropped == nullptr || worth(piece.cs) < worth(dropped->cs))
            dropped = &piece;
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
        if (need == Need::replica || need == Need::move)
            found.wanting.push_back(describe(*at, need == Need::move));
        if (need == Need::fewer)
            found.too_many.push_back(*at);
        const bool balances = master_.balancing.moves(*at);
        if (need == Need::replica || (master_.joins.copies_chunk(*at) && !balances))
            queued_in_pass_++;
        if (need == Need::none)
            avoided_.erase(*at);
        at = need == Need::none ? candidates_.erase(at) : std::next(at);
    }
    next_candidate_ = at == candidates_.end() ? ChunkId() : *at;
    if (at == candidates_.end()) {
        queued_ = std::exchange(queued_in_pass_, 0);
        nowhere_ = std::exchange(nowhere_in_pass_, 0);
        announce(queued_);
        // Moves that found their servers busy are found again.
        if (std::exchange(moved_in_pass_, false))
            look_at_all();
    }
    return found;
}

Task<void> Recovery::run() {
    while (true) {
        const bool stop = co_await master_.pause(look_interval);
        if (stop)
            co_return;
        if (master_.runtime.loop.now() - scanned_ > scan_interval)
            look_at_all();
        scan();
        if (knows_too_little() || (is_halted() && master_.options.rules.halt_when_many_are_lost))
            continue;
        Found found = look_at_some();
        if (has_time_to_balance()) {
            for (placement::ShortChunk& chunk : master_.balancing.find())
                found.wanting.push_back(std::move(chunk));
        }
        start_copies(std::move(found.wanting));
        for (const ChunkId chunk : found.too_many)
            co_await drop_one(chunk);
    }
}

}  // namespace cairn::meta
