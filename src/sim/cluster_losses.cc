// What a simulated cluster may lose: which replicas lost power since they were last made equal to
// the others, as the catalogue shows it, and what the history may therefore forget.
#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "meta/catalogue/catalogue.h"
#include "sim/cluster.h"

namespace cairn::sim {

void SimCluster::look_at_chunks() {
    const meta::Catalogue* catalogue = newest_catalogue();
    // Servers that have just started may be behind what was seen before.
    if (catalogue == nullptr || catalogue->applied() < chunks_seen_at_)
        return;
    chunks_seen_at_ = catalogue->applied();
    const std::map<ChunkId, KnownChunk> before = std::exchange(chunks_, {});
    catalogue->chunks().for_each([&](uint64_t id, const meta::Chunk& chunk) {
        KnownChunk& known = chunks_[ChunkId(id)];
        known.file = chunk.file;
        known.index = chunk.index;
        known.version = chunk.version;
        known.comparing = catalogue->comparisons().contains(ChunkId(id));
        for (const meta::ChunkPiece& piece : chunk.pieces) {
            if (piece.in_sync())
                known.in_sync.emplace_back(piece.cs, piece.since);
        }
    });
    for (const auto& [id, chunk] : before)
        judge_leaving(*catalogue, id, chunk);
    for (const auto& [cs, record] : catalogue->servers())
        cs_hosts_by_id_[cs] = record.address.host;
    if (world_.traces())
        say_changes(*catalogue);
}

// A replica that is let go though it lost nothing and is not lost itself. What remains must do
// without it: fewer than the minimum may not, and where all that remain had lost power before, that
// is no excuse any more. A cut that comes just when the leaving is agreed on could not be known.
void SimCluster::judge_leaving(const meta::Catalogue& catalogue, ChunkId id,
                               const KnownChunk& before) {
    const auto now = chunks_.find(id);
    if (now == chunks_.end())
        return;
    const auto& remaining = now->second.in_sync;
    const size_t minimum = catalogue.node(now->second.file)->storage.replicas_min;
    if (remaining.size() >= minimum)
        below_minimum_.erase(id);
    const bool gave_up_a_good_one = std::ranges::any_of(before.in_sync, [&](const auto& piece) {
        const CsId cs = piece.first;
        const auto server = catalogue.servers().find(cs);
        const Service* where = chunk_server(cs);
        return std::ranges::find(remaining, cs, &std::pair<CsId, Version>::first) ==
                   remaining.end() &&
               server != catalogue.servers().end() &&
               server->second.state == CsLoggedState::known && where != nullptr && !where->rots &&
               !cut_.contains({id, cs});
    });
    if (!gave_up_a_good_one)
        return;
    if (remaining.size() < minimum)
        below_minimum_.insert(id);
    const bool all_in_doubt = std::ranges::all_of(remaining, [&](const auto& piece) {
        const auto cut = cut_.find({id, piece.first});
        return cut != cut_.end() && world_.now() - cut->second.at > seconds(2);
    });
    if (!all_in_doubt)
        return;
    for (const auto& [cs, since] : remaining)
        cut_.erase({id, cs});
    if (world_.traces())
        world_.say("catalogue", fmt::format("chunk {}: its last sound replica left", id.number));
}

void SimCluster::may_lose_unflushed(const std::function<bool(CsId)>& who) {
    look_at_chunks();
    for (const auto& [id, chunk] : chunks_) {
        for (const auto& [cs, since] : chunk.in_sync) {
            if (who(cs))
                cut_[{id, cs}] = {chunk.version, world_.now()};
        }
    }
    note_losses();
}

void SimCluster::forget_memory(Machine& machine) {
    may_lose_unflushed([&](CsId cs) {
        const Service* service = chunk_server(cs);
        return service != nullptr && service->machine == &machine && !service->running();
    });
    machine.forget_shared_memory();
}

void SimCluster::cut_power(const std::vector<Machine*>& machines, Duration down) {
    may_lose_unflushed([&](CsId cs) {
        return std::ranges::any_of(machines, [&](const Machine* machine) {
            return machine->powered() && cs_hosts_by_id_[cs] == machine->addresses()[0];
        });
    });
    for (Service& service : services_) {
        if (service.running())
            service.seen_running = world_.now();
    }
    for (Machine* machine : machines) {
        if (!machine->powered())
            continue;
        world_.cut_power(*machine);
        world_.schedule(down, [this, machine] {
            if (!machine->powered())
                world_.power_on(*machine);
        });
    }
}

void SimCluster::note_losses() {
    look_at_chunks();
    const uint64_t blocks_per_chunk = shape_.chunk_size / block_size;
    for (const auto& [id, chunk] : chunks_) {
        bool all = !chunk.in_sync.empty();
        SimTime last;
        for (const auto& [cs, since] : chunk.in_sync) {
            const auto at = cut_.find({id, cs});
            // Made equal to the others since: what it holds now was on a server that did not lose
            // power. (`since` rises when a comparison begins.)
            const bool equal_since =
                at != cut_.end() && since > at->second.version && !chunk.comparing;
            if (equal_since)
                cut_.erase(at);
            if (at == cut_.end() || equal_since)
                all = false;
            else
                last = std::max(last, at->second.at);
        }
        const auto told = all_cut_.find(id);
        if (!all || below_minimum_.contains(id) || (told != all_cut_.end() && told->second == last))
            continue;
        all_cut_[id] = last;
        if (world_.traces())
            world_.say("catalogue",
                       fmt::format("chunk {}: every replica may have lost what was not flushed",
                                   id.number));
        state_.history.may_forget(chunk.file, chunk.index * blocks_per_chunk, blocks_per_chunk,
                                  now());
    }
}

}  // namespace cairn::sim
