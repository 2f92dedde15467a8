#include "meta/node/peer_link.h"

#include <fmt/core.h>

#include "base/checksum.h"
#include "base/size.h"
#include "raft/codec.h"
#include "wire/mds_messages.h"

namespace cairn::meta {

namespace {

constexpr size_t queued_messages_max = 4096;
constexpr size_t queued_bytes_max = 16 * mib;
constexpr size_t calls_max = 16;
constexpr Duration call_timeout = seconds(3);
constexpr Duration reconnect_pause = milliseconds(100);

}  // namespace

PeerLink::PeerLink(Runtime& runtime, PeerAccess& access, MdsId peer, Address address,
                   OnFailure on_failure, OnReport on_report)
    : runtime_(runtime),
      access_(access),
      peer_(peer),
      address_(std::move(address)),
      on_failure_(std::move(on_failure)),
      on_report_(std::move(on_report)),
      changed_(runtime.loop),
      stopping_(runtime.loop),
      ended_(runtime.loop),
      scope_(runtime.loop) {}

void PeerLink::send(const raft::Message& message) {
    Bytes encoded = raft::encode_message(message);
    // Consensus repeats what matters; what it says later is worth more.
    if (queue_.size() >= queued_messages_max || queued_bytes_ + encoded.size() > queued_bytes_max) {
        fail({Code::overloaded, "the queue of messages is full"});
        return;
    }
    queued_bytes_ += encoded.size();
    queue_.push_back(std::move(encoded));
    changed_.notify_all();
}

void PeerLink::greet() {
    greeting_ = true;
    changed_.notify_all();
}

void PeerLink::stop() {
    stopping_.set();
    changed_.notify_all();
}

void PeerLink::fail(const Error& error) {
    queue_.clear();
    queued_bytes_ = 0;
    greeting_ = false;
    on_failure_(peer_, error);
}

Task<Result<void>> PeerLink::connect() {
    rpc::ConnectOptions options = access_.options;
    options.session = ++access_.sessions;
    options.timeout = peer_connect_timeout;
    options.pulse = peer_pulse;
    auto made = co_await rpc::Connection::connect(runtime_, address_, std::move(options));
    if (!made)
        co_return made.error();
    const PeerIdentity answers = (*made)->agreement().peer;
    if (answers.role != Role::mds || answers.node != peer_.number) {
        co_await (*made)->close();
        co_return Error(Code::instance_fenced,
                        fmt::format("at {}, where MDS#{} should be, {} answers: give all metadata "
                                    "servers the same addresses (vstorage configure-mds)",
                                    to_string(address_), peer_.number, to_string(answers)));
    }
    connection_ = std::move(*made);
    broken_ = false;
    co_return Result<void>();
}

Task<void> PeerLink::disconnect() {
    if (!connection_)
        co_return;
    co_await connection_->close();
    co_await scope_.join();
    connection_.reset();
}

PeerLink::Batch PeerLink::take_batch() {
    RaftMessagesRequest request;
    request.sender = access_.own_address;
    Bytes payload;
    ByteWriter out(payload);
    greeting_ = false;
    while (!queue_.empty() &&
           (request.count == 0 ||
            payload.size() + queue_.front().size() + sizeof(uint32_t) <= raft_messages_bytes_max)) {
        out.put_bytes(queue_.front());
        queued_bytes_ -= queue_.front().size();
        queue_.pop_front();
        request.count++;
    }
    request.payload_checksum = checksum(payload);
    if (access_.introduce)
        access_.introduce(request);
    return {encode(request), Buffer::copy_of(payload)};
}

Task<void> PeerLink::deliver(Batch batch) {
    Result<rpc::Reply> reply =
        co_await connection_->call(Method::raft_messages, std::move(batch.body),
                                   std::move(batch.payload), {.timeout = call_timeout});
    calls_--;
    if (!reply) {
        // A refusal leaves the connection as it was.
        broken_ = broken_ || connection_->lost() || reply.error().outcome_unknown();
        fail(reply.error());
    } else if (Result<MdsReport> report = decode<MdsReport>(reply->body.view()); report) {
        on_report_(peer_, std::move(*report));
    }
    changed_.notify_all();
}

Task<void> PeerLink::run() {
    while (!stopping_.is_set()) {
        if (connection_ && (broken_ || connection_->lost()))
            co_await disconnect();
        if ((queue_.empty() && !greeting_) || calls_ >= calls_max) {
            co_await changed_.wait();
            continue;
        }
        if (!connection_) {
            Result<void> connected = co_await connect();
            if (!connected) {
                fail(connected.error());
                co_await stopping_.wait_until(runtime_.loop.now() + reconnect_pause);
            }
            continue;
        }
        calls_++;
        scope_.spawn(deliver(take_batch()));
    }
    co_await disconnect();
    ended_.set();
}

Task<void> PeerLink::ended() {
    co_await ended_.wait();
}

}  // namespace cairn::meta
