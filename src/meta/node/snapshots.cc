// Snapshots of the MetaNode: taken of its own state while it goes on, sent to servers that lack
// what the log no longer holds, and received from the master.
#include <algorithm>
#include <fmt/core.h>

#include "base/checksum.h"
#include "meta/catalogue/event_texts.h"
#include "meta/catalogue/snapshot_writer.h"
#include "meta/node/meta_node.h"
#include "meta/node/snapshot_file.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = milliseconds(500);
constexpr Duration retry_interval = seconds(10);
constexpr Duration piece_timeout = seconds(20);  // the last one is read back and checked

}  // namespace

Task<void> MetaNode::take_snapshots() {
    std::string told;
    while (!stopping_.is_set()) {
        co_await stopping_.wait_until(runtime_.loop.now() + look_interval);
        const uint64_t grown =
            store_.log_bytes() - std::min(store_.log_bytes(), log_bytes_at_snapshot_);
        if (stopping_.is_set() || grown < options_.snapshot_log_bytes)
            continue;
        Result<void> taken = co_await take_snapshot();
        if (taken) {
            told.clear();
            continue;
        }
        // Without space the log just grows on; everything else it cannot go on with shows itself
        // where the log is written. The log needs more what a part of a snapshot takes.
        static_cast<void>(co_await runtime_.disk.remove(store_.own_part_path()));
        const std::string message = taken.error().message();
        if (std::exchange(told, message) != message)
            runtime_.log.write(Severity::warning, "mds", "no snapshot was taken: " + message);
        co_await stopping_.wait_until(runtime_.loop.now() + retry_interval);
    }
}

Task<Result<void>> MetaNode::take_snapshot() {
    const std::optional<raft::SnapshotMeta> meta = raft_.snapshot_meta(applied_);
    const LogIndex newest = store_.snapshot() ? store_.snapshot()->index : LogIndex{};
    if (!meta || meta->index <= newest)
        co_return Result<void>();
    // 1. Write it, piece by piece; entries are applied meanwhile.
    const std::shared_ptr<Catalogue> catalogue = catalogue_;
    SnapshotWriter pieces(*catalogue);
    auto file = co_await SnapshotFileWriter::create(runtime_, store_.own_part_path(),
                                                    store_.identity().cluster, *meta);
    if (!file)
        co_return file.error();
    while (std::optional<Bytes> piece = pieces.next_piece()) {
        CO_TRY(co_await (*file)->add_piece(std::move(*piece)));
        // A newer one came from the master, and this one is of no use; or nothing is any more.
        if (catalogue != catalogue_ || stopping_.is_set())
            co_return Result<void>();
    }
    CO_TRY(co_await (*file)->finish());
    // 2. Make it the newest.
    CO_TRY(co_await store_.publish_own(*meta));
    statistics_.snapshots_taken++;
    // 3. Forget what it stands for, but for a part that spares others a snapshot.
    if (catalogue == catalogue_ && meta->index.number > options_.entries_kept) {
        const LogIndex up_to(meta->index.number - options_.entries_kept);
        raft_.compact(up_to);
        CO_TRY(co_await store_.release(up_to));
    }
    log_bytes_at_snapshot_ = store_.log_bytes();
    co_return Result<void>();
}

// Every order is answered with snapshot_sent(), unless a newer one to the same server came.
Task<void> MetaNode::send_snapshot(raft::SendSnapshot order, uint64_t number) {
    CHECK_NOTE(store_.snapshot() && store_.snapshot()->index >= order.least,
               "the log was compacted without a snapshot");
    const raft::SnapshotMeta meta = *store_.snapshot();
    const raft::Member* member = raft_.membership().find(order.to);
    const auto record = catalogue_->metadata_servers().find(order.to);
    if (member != nullptr && !member->learner && record != catalogue_->metadata_servers().end())
        scope_.spawn(log_event(mds_resyncs(order.to, record->second.address)));
    Result<void> sent = co_await stream_snapshot(order, number, meta);
    if (sent)
        statistics_.snapshots_sent++;
    else if (sent.code() != Code::cancelled)
        runtime_.log.write(Severity::warning, "mds",
                           fmt::format("the snapshot at {} did not reach MDS#{}: {}",
                                       meta.index.number, order.to.number, sent.error().message()));
    if (streams_[order.to] != number)
        co_return;
    raft_.snapshot_sent(order.to, meta.index, sent.has_value());
    poke();
}

Task<Result<void>> MetaNode::stream_snapshot(raft::SendSnapshot order, uint64_t number,
                                             raft::SnapshotMeta meta) {
    const auto peer = peers_.find(order.to);
    if (peer == peers_.end())
        co_return Error(Code::cancelled, "it is no member any more");
    const Address address = peer->second->address();
    rpc::ConnectOptions options = snapshot_access_.options;
    options.session = ++snapshot_access_.sessions;
    options.timeout = peer_connect_timeout;
    auto connection = co_await rpc::Connection::connect(runtime_, address, std::move(options));
    if (!connection)
        co_return connection.error();
    Result<void> sent = co_await send_pieces(**connection, order, number, std::move(meta));
    co_await (*connection)->close();
    co_return sent;
}

Task<Result<void>> MetaNode::send_pieces(rpc::Connection& connection, raft::SendSnapshot order,
                                         uint64_t number, raft::SnapshotMeta meta) {
    if (!store_.snapshot() || store_.snapshot()->index != meta.index)
        co_return Error(Code::cancelled, "a newer snapshot was taken meanwhile");
    // An open file stays readable when a newer snapshot replaces it.
    auto file = co_await runtime_.disk.open(store_.snapshot_path(), {});
    if (!file)
        co_return file.error();
    Result<uint64_t> size = (*file)->size();
    if (!size)
        co_return size.error();
    RaftSnapshotRequest request{.term = order.term,
                                .snapshot_index = meta.index,
                                .snapshot_term = meta.term,
                                .file_size = *size,
                                .offset = 0,
                                .payload_checksum = 0};
    while (request.offset < *size) {
        if (stopping_.is_set() || streams_[order.to] != number || leading_ != order.term)
            co_return Error(Code::cancelled, "it is not needed any more");
        const uint64_t length =
            std::min<uint64_t>(options_.snapshot_piece_bytes, *size - request.offset);
        Buffer piece = Buffer::allocate(length);
        CO_TRY(co_await read_exact(**file, request.offset, piece.mutable_view()));
        request.payload_checksum = checksum(piece.view());
        Result<rpc::Reply> reply = co_await connection.call(
            Method::raft_snapshot, encode(request), std::move(piece), {.timeout = piece_timeout});
        if (!reply)
            co_return reply.error();
        request.offset += length;
    }
    co_return Result<void>();
}

Task<rpc::Response> MetaNode::handle_snapshot(MdsId from, rpc::Request request) {
    Result<RaftSnapshotRequest> header = decode<RaftSnapshotRequest>(request.body.view());
    if (!header)
        co_return rpc::Response::failure(header.error());
    if (checksum(request.payload.view()) != header->payload_checksum)
        co_return rpc::Response::failure({Code::corrupt, "the piece does not verify"});
    const Mutex::Guard guard = co_await receiving_.lock();
    Result<void> taken = Error(Code::cancelled, "this metadata server is stopping");
    if (!stopping_.is_set())
        taken = co_await receive_piece(from, *header, std::move(request.payload));
    poke();
    if (!taken) {
        incoming_.reset();
        co_return rpc::Response::failure(taken.error());
    }
    co_return rpc::Response();
}

Task<Result<void>> MetaNode::receive_piece(MdsId from, RaftSnapshotRequest request,
                                           Buffer payload) {
    const raft::Position position{request.snapshot_index, request.snapshot_term};
    if (!raft_.offer_snapshot(from, request.term, position))
        co_return Error(Code::cancelled, "the snapshot is not wanted here");
    if (request.offset == 0) {
        incoming_.reset();
        auto file = co_await runtime_.disk.open(store_.received_part_path(),
                                                {.write = true, .create = true});
        if (!file)
            co_return file.error();
        Result<size_t> cut = co_await (*file)->truncate(0);
        if (!cut)
            co_return cut.error();
        incoming_.emplace(from, request.term, position, request.file_size, uint64_t{0},
                          std::move(*file));
        runtime_.log.write(Severity::info, "mds",
                           fmt::format("receiving a snapshot at {} from MDS#{}",
                                       position.index.number, from.number));
    }
    if (!incoming_ || incoming_->from != from || incoming_->term != request.term ||
        incoming_->position != position || incoming_->file_size != request.file_size ||
        incoming_->received != request.offset)
        co_return Error(Code::invalid_argument, "the piece does not follow what was received");
    Incoming& incoming = *incoming_;
    CO_TRY(co_await write_all(*incoming.file, request.offset, payload.view()));
    incoming.received += payload.size();
    if (incoming.received > incoming.file_size)
        co_return Error(Code::invalid_argument, "more than the snapshot's size was sent");
    if (incoming.received == incoming.file_size)
        co_return co_await finish_incoming();
    co_return Result<void>();
}

// What was written is read back before it may replace anything.
Task<Result<void>> MetaNode::finish_incoming() {
    Incoming incoming = std::move(*incoming_);
    incoming_.reset();
    Result<size_t> synced = co_await incoming.file->sync();
    if (!synced)
        co_return synced.error();
    incoming.file.reset();
    Result<LoadedSnapshot> loaded =
        co_await load_snapshot(runtime_, store_.received_part_path(), store_.identity().cluster);
    if (!loaded)
        co_return loaded.error().with_context("the received snapshot");
    const raft::SnapshotMeta meta = loaded->meta;
    if (raft::Position{meta.index, meta.term} != incoming.position)
        co_return Error(Code::corrupt, "another snapshot was received than was announced");
    CO_TRY(co_await store_.keep_received(meta));
    // Staged before the consensus hears of it, since it may hand it out at once.
    staged_[meta.index] = {meta, std::move(loaded->catalogue)};
    if (stopping_.is_set() || !raft_.install_snapshot(incoming.from, incoming.term, meta)) {
        staged_.erase(meta.index);
        co_await store_.drop_received(meta);
    }
    co_return Result<void>();
}

}  // namespace cairn::meta
