#include "chunk/service.h"

#include <fmt/core.h>

#include "chunk/reply.h"

namespace cairn::chunk {

ChunkService::ChunkService(Runtime& runtime, ChunkStore& store, rpc::Links& peers, bool admitted,
                           const ServiceRules& rules, Duration forget_files_after)
    : runtime_(runtime),
      store_(store),
      peers_(peers),
      rules_(rules),
      forget_files_after_(forget_files_after),
      all_admitted_(admitted),
      repair_turns_(runtime.loop, counters_) {
    for (const ChunkInfo& info : store_.list()) {
        const ReplicaState state =
            info.state == ChunkState::joining ? ReplicaState::interrupted : ReplicaState::complete;
        replicas_[info.chunk] = std::make_shared<Replica>(runtime_.loop, info.chunk, info.file,
                                                          info.version, state, admitted);
    }
    highest_position_ = store_.log_position();
}

ChunkService::~ChunkService() = default;

std::shared_ptr<Replica> ChunkService::find(ChunkId chunk) const {
    const auto at = replicas_.find(chunk);
    return at == replicas_.end() ? nullptr : at->second;
}

Error ChunkService::lost(ChunkId chunk) const {
    return {Code::replica_lost, fmt::format("CS#{} holds no replica of chunk {}",
                                            store_.identity().cs.number, chunk.number)};
}

std::shared_ptr<FileFence> ChunkService::fence_of(FileId file) {
    std::shared_ptr<FileFence>& fence = fences_[file];
    if (!fence) {
        fence = std::make_shared<FileFence>(runtime_.loop);
        fence->epoch = store_.file_epoch(file);
    }
    fence->used = runtime_.loop.now();
    return fence;
}

std::vector<HeldChunk> ChunkService::held_chunks() const {
    std::vector<HeldChunk> list;
    list.reserve(replicas_.size());
    for (const auto& [chunk, replica] : replicas_) {
        // One whose file has vanished is lost: it is not told.
        if (store_.find(chunk))
            list.push_back({chunk, replica->version(), replica->state() == ReplicaState::complete,
                            replica->admitted()});
    }
    return list;
}

Result<void> ChunkService::check_master(const OrderHeader& header) {
    if (header.position < highest_position_ && rules_.refuse_masters_behind)
        return Error(
            Code::behind,
            fmt::format("the order of MDS#{} comes from log position {}, behind {}",
                        header.master.number, header.position.number, highest_position_.number));
    highest_position_ = std::max(highest_position_, header.position);
    return {};
}

Task<Result<void>> ChunkService::keep_what_was_heard() {
    if (highest_position_ > store_.log_position())
        CO_TRY(co_await store_.set_log_position(highest_position_));
    if (all_admitted_)
        co_return Result<void>();
    for (const auto& [chunk, replica] : replicas_) {
        // One that joins, or whose join was cut short, serves nothing either way.
        if (replica->state() == ReplicaState::complete && !replica->admitted())
            co_return Result<void>();
    }
    all_admitted_ = true;
    co_return co_await store_.set_admitted();
}

namespace {

// Decodes the request and hands it to the member that answers it.
template <class Message>
Task<rpc::Response> pass(ChunkService& service,
                         Task<rpc::Response> (ChunkService::*answer)(Message),
                         const rpc::Request& request) {
    Result<Message> message = decode<Message>(request.body.view());
    if (!message)
        co_return failed(message.error());
    co_return co_await (service.*answer)(std::move(*message));
}

bool is_order(Method method) {
    return method >= Method::create_chunk && method <= Method::digest_chunk;
}

}  // namespace

Task<rpc::Response> ChunkService::dispatch(rpc::Request request) {
    switch (request.method) {
        case Method::read_blocks:
            co_return co_await pass(*this, &ChunkService::read_blocks, request);
        case Method::write_blocks: {
            Result<WriteBlocksRequest> write = decode<WriteBlocksRequest>(request.body.view());
            if (!write)
                co_return failed(write.error());
            co_return co_await write_blocks(std::move(*write), std::move(request.payload));
        }
        case Method::flush_chunks:
            co_return co_await pass(*this, &ChunkService::flush_chunks, request);
        case Method::read_table: co_return co_await pass(*this, &ChunkService::read_table, request);
        case Method::copy_blocks:
            co_return co_await pass(*this, &ChunkService::copy_blocks, request);
        case Method::create_chunk:
            co_return co_await pass(*this, &ChunkService::create_chunk, request);
        case Method::delete_chunks:
            co_return co_await pass(*this, &ChunkService::delete_chunks, request);
        case Method::fence_files:
            co_return co_await pass(*this, &ChunkService::fence_files, request);
        case Method::seal_chunks:
            co_return co_await pass(*this, &ChunkService::seal_chunks, request);
        case Method::begin_join: co_return co_await pass(*this, &ChunkService::begin_join, request);
        case Method::run_join: co_return co_await pass(*this, &ChunkService::run_join, request);
        case Method::compare_chunk:
            co_return co_await pass(*this, &ChunkService::compare_chunk, request);
        case Method::sync_chunk: co_return co_await pass(*this, &ChunkService::sync_chunk, request);
        case Method::admit_chunks:
            co_return co_await pass(*this, &ChunkService::admit_chunks, request);
        case Method::restore_blocks:
            co_return co_await pass(*this, &ChunkService::restore_blocks, request);
        case Method::verify_chunk:
            co_return co_await pass(*this, &ChunkService::verify_chunk, request);
        case Method::digest_chunk:
            co_return co_await pass(*this, &ChunkService::digest_chunk, request);
        default:
            co_return failed(
                Error(Code::not_supported, fmt::format("a chunk server does not answer method {}",
                                                       static_cast<uint16_t>(request.method))));
    }
}

Task<rpc::Response> ChunkService::handle(rpc::Session& session, rpc::Request request) {
    if (is_order(request.method) && session.peer().role != Role::mds)
        co_return failed(Error(Code::permission_denied, "only a metadata server gives orders"));
    // To whoever asks it is as if this server were not there yet.
    if (!start_accepted_ && rules_.answer_accepted_only)
        co_return failed(
            Error(Code::unavailable, "no master has accepted this start of the chunk server yet"));
    const bool data = request.method <= Method::flush_chunks;
    const Instant began = runtime_.loop.now();
    if (data)
        counters_.began(began);
    rpc::Response response = co_await dispatch(std::move(request));
    if (data)
        counters_.ended(runtime_.loop.now(), began);
    co_return response;
}

}  // namespace cairn::chunk
