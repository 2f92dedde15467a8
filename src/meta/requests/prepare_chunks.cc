// Before the first write to a chunk under a lease: chunks that do not exist are placed, made
// (durably, on every server that will hold them) and logged; chunks that exist are marked open for
// writing. The reply is their maps.
#include <algorithm>
#include <fmt/core.h>

#include "meta/master/describe_chunk.h"
#include "meta/requests/handlers.h"
#include "placement/choose.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

namespace {

constexpr size_t indices_most = 256;

Task<void> create_on(Master& master, CsId cs, CreateChunkOrder order, std::vector<CsId>& made) {
    Result<Buffer> created =
        co_await master.orders.send(cs, Method::create_chunk, std::move(order), seconds(5));
    if (created)
        made.push_back(cs);
    else
        master.runtime.log.write(
            Severity::warning, "mds",
            fmt::format("CS#{} does not make a chunk: {}", cs.number, created.error().message()));
}

// Of the servers that were started and not declared lost, whether one is in this state.
bool one_is(Master& master, CsState state) {
    return std::ranges::any_of(master.catalogue().servers(), [&](const auto& server) {
        const auto& [cs, record] = server;
        return record.sync_epoch != 0 && record.state == CsLoggedState::known &&
               master.servers.state(cs) == state;
    });
}

// A new chunk, made on as many servers as its file asks for; fewer than the minimum is an error.
Task<Result<logged::AddChunks::NewChunk>> make_chunk(Master& master, FileId file, uint64_t index,
                                                     LeaseEpoch epoch, ChunkId id, Caller caller) {
    const Node* node = master.catalogue().node(file);
    if (node == nullptr)
        co_return Error(Code::not_found, "the file was removed");
    const StorageAttributes storage = node->storage;
    // A new master places nothing before it has heard enough of them, or their time is up.
    if (master.servers.answering().size() < storage.replicas_norm &&
        one_is(master, CsState::unknown))
        co_return Error(Code::retry, "the chunk servers have not all reported yet");
    logged::AddChunks::NewChunk chunk;
    chunk.index = index;
    chunk.chunk = id;
    std::vector<CsId> refused;
    for (int attempt = 0; attempt < 3 && chunk.places.size() < storage.replicas_norm; attempt++) {
        placement::Wanted wanted;
        wanted.attributes = storage;
        wanted.count = storage.replicas_norm - static_cast<uint32_t>(chunk.places.size());
        wanted.least = chunk.places.size() >= storage.replicas_min ? 0 : 1;
        wanted.seed = IdHash{}(id) ^ master.options.seed;
        wanted.exclude = refused;
        for (const logged::ChunkPlace& place : chunk.places)
            wanted.existing.push_back(place.cs);
        const placement::Chosen chosen =
            placement::choose(master.cluster_map(), wanted, master.placement_policy());
        if (chosen.shortage) {
            if (chunk.places.size() >= storage.replicas_min)
                break;
            // The write waits, as it does where a chunk has too few replicas.
            if (one_is(master, CsState::inactive))
                co_return Error(Code::retry, placement::shortage_advice(*chosen.shortage));
            master.shortages.found(
                storage, placement::shortage_text(
                             *chosen.shortage, master.catalogue().path_of(file), caller.address));
            co_return Error(Code::no_space, placement::shortage_advice(*chosen.shortage));
        }
        CreateChunkOrder order;
        order.description = describe_new_chunk(master.catalogue(), file, index, id);
        order.epoch = epoch;
        std::map<CsId, uint64_t> sync_epochs;
        std::vector<CsId> made;
        {
            Scope creating(master.runtime.loop);
            for (const CsId cs : chosen.servers) {
                sync_epochs[cs] = master.servers.at(cs).sync_epoch;
                creating.spawn(create_on(master, cs, order, made));
            }
            co_await creating.join();
        }
        for (const CsId cs : chosen.servers) {
            if (std::find(made.begin(), made.end(), cs) != made.end())
                chunk.places.push_back({cs, sync_epochs[cs]});
            else
                refused.push_back(cs);
        }
    }
    if (chunk.places.size() < storage.replicas_min)
        co_return Error(Code::unavailable,
                        fmt::format("only {} of at least {} chunk servers could make the chunk",
                                    chunk.places.size(), storage.replicas_min));
    co_return chunk;
}

Task<Result<void>> add_missing(Master& master, const PrepareChunksRequest& request,
                               const std::vector<uint64_t>& missing, Caller caller) {
    logged::AddChunks add;
    add.file = request.file;
    add.client = request.request.client;
    add.instance = request.request.instance;
    add.epoch = request.epoch;
    ChunkIds::Making making(master.chunk_ids);
    std::vector<ChunkId> made_now;
    for (const uint64_t index : missing) {
        Result<ChunkId> id = co_await master.chunk_ids.next();
        if (!id)
            co_return id.error();
        making.add(*id);
        made_now.push_back(*id);
        auto made = co_await make_chunk(master, request.file, index, request.epoch, *id, caller);
        if (!made)
            co_return made.error();
        add.chunks.push_back(std::move(*made));
    }
    // Under the session's header, a repeat of the request finds the chunks that its first copy
    // added.
    Result<Answer> answer = co_await master.propose(std::move(add));
    if (!answer)
        co_return answer.error();
    // While servers are away, chunks are placed on fewer than they should have.
    for (const ChunkId chunk : made_now)
        master.recovery.look_at(chunk);
    Result<logged::AddChunksAnswer> added = answer->as<logged::AddChunksAnswer>();
    if (!added)
        co_return added.error();
    for (const uint16_t code : added->codes) {
        const auto outcome = static_cast<Code>(code);
        if (outcome != Code::ok && outcome != Code::already_exists)
            co_return Error(outcome, "a chunk could not be added");
    }
    co_return Result<void>();
}

}  // namespace

Task<Result<Bytes>> prepare_chunks(Master& master, PrepareChunksRequest request, Caller caller) {
    if (request.indices.size() > indices_most)
        co_return Error(Code::invalid_argument, "too many chunks in one request");
    CO_TRY(co_await master.consensus.confirm_master());
    CO_TRY(check_lease(master, request.file, request.request.client, request.request.instance));
    const Node* node = master.catalogue().node(request.file);
    if (node == nullptr || node->epoch != request.epoch)
        co_return Error(Code::lease_lost, "the lease is another by now");
    // 1. What does not exist is made.
    std::vector<uint64_t> missing;
    for (const uint64_t index : request.indices) {
        if (node->chunks.find(index) == nullptr)
            missing.push_back(index);
    }
    if (!missing.empty())
        CO_TRY(co_await add_missing(master, request, missing, caller));
    // 2. What existed is marked.
    logged::MarkChunks mark;
    mark.file = request.file;
    mark.client = request.request.client;
    mark.instance = request.request.instance;
    mark.epoch = request.epoch;
    node = master.catalogue().node(request.file);
    if (node == nullptr)
        co_return Error(Code::not_found, "the file was removed");
    for (const uint64_t index : request.indices) {
        const ChunkId* id = node->chunks.find(index);
        const Chunk* chunk = id == nullptr ? nullptr : master.catalogue().chunk(*id);
        if (chunk != nullptr && !chunk->marked)
            mark.chunks.push_back(*id);
    }
    if (!mark.chunks.empty())
        CO_TRY(co_await master.log(std::move(mark)));
    // 3. The maps as they are now.
    Result<ChunkMapReply> maps = master.catalogue().chunk_maps(request.file, request.indices);
    if (!maps)
        co_return maps.error();
    co_return reply_with(master, std::move(*maps));
}

}  // namespace cairn::meta
