#include "meta/master/comparisons.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/master/master.h"
#include "wire/log_chunks.h"
#include "wire/log_leases.h"

namespace cairn::meta {

void Comparisons::begin(ChunkId chunk) {
    if (running_.insert(chunk).second)
        master_.scope.spawn(run(chunk));
}

void Comparisons::take_up() {
    std::vector<std::pair<ChunkId, Version>> chunks;
    for (const auto& [chunk, comparison] : master_.catalogue().comparisons())
        chunks.emplace_back(chunk, master_.catalogue().chunk(chunk)->version);
    if (!chunks.empty())
        master_.scope.spawn(restart_all(std::move(chunks)));
}

Task<void> Comparisons::restart_all(std::vector<std::pair<ChunkId, Version>> chunks) {
    constexpr size_t chunks_per_entry = 1000;
    for (size_t at = 0; at < chunks.size(); at += chunks_per_entry) {
        const size_t end = std::min(chunks.size(), at + chunks_per_entry);
        logged::RestartComparisons restart;
        restart.chunks.assign(chunks.begin() + static_cast<ptrdiff_t>(at),
                              chunks.begin() + static_cast<ptrdiff_t>(end));
        static_cast<void>(co_await master_.insist(std::move(restart)));
    }
}

Task<void> Comparisons::run(ChunkId chunk) {
    Duration pause = milliseconds(20);
    while (!master_.stopping()) {
        const Step step = co_await advance(chunk);
        if (step == Step::done)
            break;
        if (step == Step::again)
            continue;
        const bool stop = co_await master_.pause(pause);
        if (stop)
            break;
        pause = std::min(pause * 2, milliseconds(500));
    }
    running_.erase(chunk);
    preferred_.erase(chunk);
}

Task<Comparisons::Step> Comparisons::advance(ChunkId id) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    const Comparison* comparison = master_.catalogue().comparison(id);
    if (chunk == nullptr || comparison == nullptr)
        co_return Step::done;
    const Version version = chunk->version;
    const Comparison known = *comparison;
    // 1. Nothing older runs, on any replica.
    const bool done = co_await seal(id, version);
    if (!done)
        co_return Step::wait;
    // 2. One source, logged.
    if (known.source.is_none())
        co_return co_await choose_source(id, version);
    // 3. Equal and synced everywhere; 4. logged.
    co_return co_await compare(id, version, known);
}

Task<void> Comparisons::seal_one(ChunkId id, Version version, CsId cs, std::vector<CsId>& silent,
                                 std::vector<CsId>& lost) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        co_return;
    const Node* node = master_.catalogue().node(chunk->file);
    SealChunksOrder order;
    order.chunks = {{chunk->file, id, version, node == nullptr ? LeaseEpoch() : node->epoch}};
    Result<Buffer> answer =
        co_await master_.orders.send(cs, Method::seal_chunks, order, seconds(3));
    if (!answer) {
        silent.push_back(cs);
        co_return;
    }
    Result<SealChunksReply> reply = decode<SealChunksReply>(answer->view());
    if (!reply)
        silent.push_back(cs);
    else if (!reply->lost.empty())
        lost.push_back(cs);
}

Task<bool> Comparisons::seal(ChunkId id, Version version) {
    std::vector<CsId> silent;
    std::vector<CsId> lost;
    {
        Scope sealing(master_.runtime.loop);
        for (const ChunkPiece& piece : master_.catalogue().chunk(id)->pieces) {
            if (piece.in_sync())
                sealing.spawn(seal_one(id, version, piece.cs, silent, lost));
        }
        co_await sealing.join();
    }
    if (!lost.empty())
        co_await leave(id, lost, true);
    if (!silent.empty())
        co_await leave(id, silent, false);
    const Chunk* chunk = master_.catalogue().chunk(id);
    co_return silent.empty() && lost.empty() && chunk != nullptr && chunk->version == version;
}

Task<void> Comparisons::leave(ChunkId id, std::vector<CsId> servers, bool lost) {
    std::sort(servers.begin(), servers.end());
    for (const CsId cs : servers) {
        const Chunk* chunk = master_.catalogue().chunk(id);
        if (chunk == nullptr || chunk->pieces.find(cs) == nullptr)
            continue;
        logged::LeaveReplicas leave;
        leave.lost = lost;
        leave.replicas = {{id, chunk->version, cs}};
        static_cast<void>(co_await master_.leaving.propose(std::move(leave), servers));
    }
}

Task<Comparisons::Step> Comparisons::choose_source(ChunkId id, Version version) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr || chunk->version != version)
        co_return Step::again;
    const auto wish = preferred_.find(id);
    CsId unsuspect;
    CsId any;
    for (const ChunkPiece& piece : chunk->pieces) {
        if (!piece.in_sync())
            continue;
        const bool wished = wish != preferred_.end() && wish->second == piece.cs;
        if (any.is_none() || wished)
            any = piece.cs;
        if (!piece.suspect && (unsuspect.is_none() || wished))
            unsuspect = piece.cs;
    }
    const Rules& rules = master_.options.rules;
    if (!rules.prefer_unsuspect_source)
        unsuspect = any;
    if (any.is_none())
        co_return Step::wait;
    if (unsuspect.is_none() && rules.end_lease_without_unsuspect_source) {
        // Its flush would succeed without the data: the writer must know first.
        const FileLease* lease = master_.catalogue().lease(chunk->file);
        if (lease != nullptr && lease->mode == LeaseMode::exclusive && !lease->holders.empty()) {
            logged::EndLeases end;
            end.reason = logged::LeaseEnd::no_unsuspect_source;
            const LeaseHolder& holder = lease->holders.front();
            end.files = {{chunk->file,
                          master_.catalogue().node(chunk->file)->epoch,
                          {{holder.client, holder.instance}}}};
            Result<void> ended = co_await master_.log(std::move(end));
            co_return ended ? Step::again : Step::wait;
        }
    }
    logged::ChooseSource choose;
    choose.chunk = id;
    choose.version = version;
    choose.cs = unsuspect.is_none() ? any : unsuspect;
    Result<void> logged = co_await master_.log(choose);
    co_return logged ? Step::again : Step::wait;
}

Task<void> Comparisons::compare_one(ChunkId id, Version version, CsId cs, CompareChunkOrder order,
                                    std::vector<CsId>& silent, std::set<uint32_t>& bad_at_source,
                                    bool& failed) {
    constexpr Duration compare_timeout = seconds(120);
    const bool only_sync = cs == order.source && order.exceptions.empty();
    if (only_sync) {
        SyncChunkOrder sync;
        sync.chunk = id;
        sync.version = version;
        Result<Buffer> answer =
            co_await master_.orders.send(cs, Method::sync_chunk, sync, seconds(30));
        if (!answer)
            silent.push_back(cs);
        co_return;
    }
    Result<Buffer> answer =
        co_await master_.orders.send(cs, Method::compare_chunk, std::move(order), compare_timeout);
    if (!answer) {
        // What the source did not answer is no fault of this replica; what it cannot do itself is.
        const Code code = answer.code();
        const bool own_fault = code == Code::io_error || code == Code::no_space ||
                               code == Code::replica_lost || !master_.servers.answers(cs);
        failed = true;
        if (own_fault)
            silent.push_back(cs);
        co_return;
    }
    Result<CompareChunkReply> reply = decode<CompareChunkReply>(answer->view());
    if (!reply)
        failed = true;
    else
        bad_at_source.insert(reply->bad_at_source.begin(), reply->bad_at_source.end());
}

Task<Comparisons::Step> Comparisons::compare(ChunkId id, Version version, Comparison known) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr || chunk->version != version)
        co_return Step::again;
    CompareChunkOrder order;
    order.file = chunk->file;
    order.chunk = id;
    order.version = version;
    order.source = known.source;
    order.source_address = master_.catalogue().server(known.source)->address;
    for (const auto& [block, cs] : known.stand_ins)
        order.exceptions.push_back({block, cs, master_.catalogue().server(cs)->address});
    std::vector<CsId> silent;
    std::set<uint32_t> bad_at_source;
    bool failed = false;
    {
        Scope comparing(master_.runtime.loop);
        for (const ChunkPiece& piece : chunk->pieces) {
            if (piece.in_sync())
                comparing.spawn(
                    compare_one(id, version, piece.cs, order, silent, bad_at_source, failed));
        }
        co_await comparing.join();
    }
    if (!silent.empty()) {
        co_await leave(id, silent, false);
        co_return Step::wait;
    }
    if (failed)
        co_return Step::wait;
    if (!bad_at_source.empty()) {
        co_await stand_in(id, version, known.source, std::move(bad_at_source));
        co_return Step::again;
    }
    logged::ComparisonDone done;
    done.chunk = id;
    done.version = version;
    Result<void> logged = co_await master_.log(done);
    if (!logged)
        co_return Step::wait;
    co_await admit(id);
    co_return Step::again;
}

Task<void> Comparisons::stand_in(ChunkId id, Version version, CsId source, std::set<uint32_t> bad) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        co_return;
    const Comparison* known = master_.catalogue().comparison(id);
    std::map<CsId, std::vector<uint32_t>> chosen;
    for (const uint32_t block : bad) {
        // The next replica after the one that was tried last.
        CsId tried = source;
        if (known != nullptr) {
            for (const auto& [stood_block, cs] : known->stand_ins) {
                if (stood_block == block)
                    tried = cs;
            }
        }
        CsId next;
        for (const ChunkPiece& piece : chunk->pieces) {
            if (piece.in_sync() && piece.cs != source && piece.cs > tried &&
                (next.is_none() || piece.cs < next))
                next = piece.cs;
        }
        for (const ChunkPiece& piece : chunk->pieces) {
            if (next.is_none() && piece.in_sync() && piece.cs != source)
                next = piece.cs;
        }
        if (!next.is_none())
            chosen[next].push_back(block);
    }
    for (auto& [cs, blocks] : chosen) {
        logged::StandIn operation;
        operation.chunk = id;
        operation.version = version;
        operation.cs = cs;
        operation.blocks = std::move(blocks);
        static_cast<void>(co_await master_.propose(std::move(operation)));
    }
}

Task<void> Comparisons::admit(ChunkId id) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr)
        co_return;
    AdmitChunksOrder order;
    order.chunks = {{id, chunk->version}};
    std::vector<CsId> servers;
    for (const ChunkPiece& piece : chunk->pieces)
        servers.push_back(piece.cs);
    for (const CsId cs : servers) {
        Result<Buffer> admitted = co_await master_.orders.send(cs, Method::admit_chunks, order);
        // It tells then what it waits for, and is admitted there.
        if (!admitted && !master_.stopping())
            master_.servers.at(cs).registered = false;
    }
}

}  // namespace cairn::meta
