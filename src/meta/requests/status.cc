// What tools ask about the cluster. Status never says more than is known: a new master says unknown
// until the chunk servers have reported.
#include <fmt/core.h>

#include "meta/catalogue/chunk_state.h"
#include "meta/requests/handlers.h"
#include "placement/allocatable.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

namespace {

CsActivities activities(const Master& master) {
    CsActivities list;
    for (const auto& [cs, record] : master.catalogue().servers()) {
        switch (master.servers.state(cs)) {
            case CsState::active: list[cs] = CsActivity::active; break;
            case CsState::unknown:
            case CsState::inactive: list[cs] = CsActivity::inactive; break;
            case CsState::offline: list[cs] = CsActivity::offline; break;
        }
    }
    return list;
}

CsShownState shown(CsState state) {
    switch (state) {
        case CsState::active: return CsShownState::active;
        case CsState::offline: return CsShownState::offline;
        default: return CsShownState::inactive;
    }
}

std::vector<CsStatus> chunk_servers(const Master& master) {
    std::vector<CsStatus> list;
    for (const auto& [cs, record] : master.catalogue().servers()) {
        if (record.sync_epoch == 0)
            continue;
        CsStatus status;
        status.cs = cs;
        status.state = shown(master.servers.state(cs));
        status.host = record.host;
        status.host_name = record.host_name;
        status.address = record.address;
        status.repository = record.repository;
        status.tier = record.tier;
        status.removal = !record.stays();
        status.replicas = static_cast<uint32_t>(record.chunks.size());
        if (const CsKnowledge* known = master.servers.find(cs)) {
            status.space = known->space;
            status.counters = known->counters;
            status.flags = known->flags;
            status.build_version = known->build_version;
        }
        status.silent = master.runtime.loop.now() - master.servers.silent_since(cs);
        list.push_back(std::move(status));
    }
    return list;
}

// Chunks by state, and for each server those that stand only there. In slices, so that counting
// many stalls nothing.
Task<ChunkCounts> count_chunks(Master& master, std::map<CsId, uint32_t>& unique) {
    constexpr size_t chunks_per_slice = 20'000;
    const CsActivities active = activities(master);
    ChunkCounts counts;
    ChunkId from{1};
    while (!from.is_none()) {
        const ChunkId begin = from;
        from = count_chunk_states(master.catalogue(), active, from, chunks_per_slice, counts);
        for (auto at = master.catalogue().chunks().next(begin.number);
             at.value != nullptr && (from.is_none() || at.key < from.number);
             at = master.catalogue().chunks().next(at.key + 1)) {
            if (at.value->pieces.size() == 1)
                unique[at.value->pieces.begin()->cs]++;
        }
        co_await Yield(master.runtime.loop);
    }
    counts[ChunkState::deleting] += master.deletions.waiting();
    co_return counts;
}

cairn::ChunkCounts on_the_wire(const ChunkCounts& counts) {
    cairn::ChunkCounts wire;
    wire.healthy = counts[ChunkState::healthy];
    wire.standby = counts[ChunkState::standby];
    wire.degraded = counts[ChunkState::degraded];
    wire.urgent = counts[ChunkState::urgent];
    wire.blocked = counts[ChunkState::blocked];
    wire.pending = counts[ChunkState::pending];
    wire.offline = counts[ChunkState::offline];
    wire.replicating = counts[ChunkState::replicating];
    wire.overcommitted = counts[ChunkState::overcommitted];
    wire.deleting = counts[ChunkState::deleting];
    wire.void_chunks = counts[ChunkState::unused];
    return wire;
}

void add_rates(const Master& master, ClusterStatusReply& reply) {
    const Instant now = master.runtime.loop.now();
    for (const auto& [cs, known] : master.servers.all()) {
        const int64_t window_ms = (now - known.rates_since).milliseconds();
        if (known.state != CsState::active || window_ms <= 0)
            continue;
        const auto rate = [window_ms](uint64_t after, uint64_t before) {
            return after < before ? 0 : (after - before) * 1000 / static_cast<uint64_t>(window_ms);
        };
        const CsCounters& after = known.counters;
        const CsCounters& before = known.counters_before;
        reply.read_bytes_per_second += rate(after.read_bytes, before.read_bytes);
        reply.read_operations_per_second += rate(after.read_operations, before.read_operations);
        reply.write_bytes_per_second += rate(after.write_bytes, before.write_bytes);
        reply.write_operations_per_second += rate(after.write_operations, before.write_operations);
        reply.recovery.read_bytes_per_second +=
            rate(after.repair_read_bytes, before.repair_read_bytes);
        reply.recovery.write_bytes_per_second +=
            rate(after.repair_write_bytes, before.repair_write_bytes);
    }
}

std::string_view shown_system(EventSystem system) {
    switch (system) {
        case EventSystem::mds: return "MDS";
        case EventSystem::journal: return "JRN";
        case EventSystem::monitor: return "MON";
    }
    return "MDS";
}

std::string_view shown_severity(EventSeverity severity) {
    switch (severity) {
        case EventSeverity::info: return "INF";
        case EventSeverity::warning: return "WRN";
        case EventSeverity::error: return "ERR";
    }
    return "INF";
}

std::string piece_state(const Master& master, const ChunkPiece& piece) {
    std::string text = piece.in_sync() ? (piece.suspect ? "suspect" : "in sync") : "joining";
    switch (master.servers.state(piece.cs)) {
        case CsState::active: break;
        case CsState::offline: text += ", offline"; break;
        default: text += ", inactive"; break;
    }
    return text;
}

ShownChunk shown_chunk(const Master& master, uint64_t index, ChunkId id,
                       const CsActivities& active) {
    const Chunk& chunk = *master.catalogue().chunk(id);
    ShownChunk shown;
    shown.index = index;
    shown.chunk = id;
    shown.version = chunk.version;
    shown.state = name_of(chunk_state(master.catalogue(), id, active));
    shown.marked = chunk.marked;
    shown.comparing = master.catalogue().comparison(id) != nullptr;
    for (const ChunkPiece& piece : chunk.pieces) {
        const CsRecord* record = master.catalogue().server(piece.cs);
        shown.pieces.push_back({piece.cs, piece_state(master, piece), piece.since,
                                record == nullptr ? Address() : record->address});
    }
    return shown;
}

}  // namespace

Task<Result<Bytes>> get_status(Master& master, GetStatusRequest) {
    CO_TRY(co_await master.consensus.confirm_master());
    ClusterStatusReply reply;
    reply.answering = master.consensus.self();
    reply.cluster_name = master.catalogue().cluster_name();
    reply.cluster = master.catalogue().cluster();
    reply.status = static_cast<ShownClusterStatus>(master.events.status());
    reply.epoch_uptime = master.runtime.loop.now() - master.servers.elected();
    const StorageAttributes storage = master.catalogue().node(root_file)->storage;
    reply.replicas_norm = storage.replicas_norm;
    reply.replicas_min = storage.replicas_min;
    const placement::Space space =
        placement::space_of(master.cluster_map(), storage, master.placement_policy());
    reply.allocatable = space.allocatable;
    reply.allocatable_total = space.logical_total;
    reply.free = space.free;
    reply.total = space.total;
    const Totals& totals = master.catalogue().totals();
    reply.file_bytes = totals.file_bytes;
    reply.files = totals.files;
    reply.inodes = master.catalogue().node_count();
    reply.file_maps = totals.files_with_chunks;
    reply.chunks = master.catalogue().chunks().size();
    reply.chunk_replicas = totals.replicas;
    reply.joining = master.joins.running() + master.joins.waiting();
    reply.recovery = master.recovery.status();
    const DigestCounts digests = master.digests.counts();
    reply.digests_compared = digests.compared;
    reply.digests_differed = digests.differed;
    reply.chunks_undecided = digests.undecided;
    add_rates(master, reply);
    std::map<CsId, uint32_t> unique;
    const ChunkCounts counts = co_await count_chunks(master, unique);
    reply.chunk_counts = on_the_wire(counts);
    reply.chunk_servers = chunk_servers(master);
    for (CsStatus& server : reply.chunk_servers)
        server.unique = unique[server.cs];
    reply.queues = master.balancing.status();
    reply.metadata_servers = master.consensus.metadata_server_status();
    co_return reply_with(master, std::move(reply));
}

Task<Result<Bytes>> get_events(Master& master, GetEventsRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    EventsReply reply;
    reply.answering = master.consensus.self();
    const EventLog& log = master.catalogue().events();
    const uint64_t limit = std::min<uint64_t>(request.limit, 10'000);
    const uint64_t after = log.last_number() > limit ? log.last_number() - limit : 0;
    for (const Event& event : log.list(after, limit))
        reply.events.push_back({event.time, std::string(shown_system(event.system)),
                                std::string(shown_severity(event.severity)), event.text});
    co_return reply_with(master, std::move(reply));
}

Task<Result<Bytes>> get_config(Master& master, GetConfigRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    ConfigReply reply;
    reply.answering = master.consensus.self();
    if (request.name.empty()) {
        reply.values = master.catalogue().settings().all();
    } else {
        Result<std::string> value = master.catalogue().settings().text(request.name);
        if (!value)
            co_return value.error();
        reply.values = {{request.name, *value}};
    }
    co_return reply_with(master, std::move(reply));
}

Task<Result<Bytes>> set_config(Master& master, SetConfigRequest request, Caller caller) {
    logged::SetConfig operation;
    operation.name = request.name;
    operation.value = request.value;
    operation.by = caller.address.host;
    co_return empty_reply(master, co_await master.propose(std::move(operation)));
}

Task<Result<Bytes>> map_file(Master& master, MapFileRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    Result<FileId> file = master.catalogue().look_up(root_file, request.path, true);
    if (!file)
        co_return file.error();
    Result<NodeAttributes> attributes = master.catalogue().attributes(*file);
    if (!attributes)
        co_return attributes.error();
    MapFileReply reply;
    reply.node = *attributes;
    if (const FileLease* lease = master.catalogue().lease(*file)) {
        for (const LeaseHolder& holder : lease->holders)
            reply.lease += fmt::format("{}{} {}", reply.lease.empty() ? "" : ", ",
                                       lease->mode == LeaseMode::exclusive ? "exclusive" : "shared",
                                       master.catalogue().client_text(holder.client));
    }
    const CsActivities active = activities(master);
    const uint32_t limit = std::min(request.count, 1000U);
    const Node* node = master.catalogue().node(*file);
    for (auto at = node->chunks.next(request.first_index); at.value != nullptr;
         at = node->chunks.next(at.key + 1)) {
        if (reply.chunks.size() == limit) {
            reply.more = true;
            break;
        }
        reply.chunks.push_back(shown_chunk(master, at.key, *at.value, active));
    }
    co_return reply_with(master, std::move(reply));
}

}  // namespace cairn::meta
