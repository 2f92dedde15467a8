// Transmission: serves the requests of one connection after the negotiation. Many are in flight at
// once, bounded by their bytes, and are answered as they end, in any order. However the connection
// ends, run() returns only when the device has answered everything that was asked of it.
#pragma once

#include <cstdint>

#include "block/block_device.h"
#include "front/nbd/protocol.h"
#include "front/nbd/reply_queue.h"
#include "front/nbd/request_check.h"
#include "front/nbd/stream_input.h"
#include "runtime/scope.h"
#include "runtime/semaphore.h"
#include "runtime/wait.h"

namespace cairn::nbd {

struct TransmissionSettings {
    bool read_only = false;
    bool structured_replies = false;
    bool block_status = false;
    uint64_t in_flight_bytes_max = 0;
};

class Transmission {
  public:
    Transmission(Loop& loop, Stream& stream, StreamInput& input, block::BlockDevice& device,
                 TransmissionSettings settings);

    // Until the client takes its leave or is gone (both are success), or breaks the protocol (an
    // error that says how).
    Task<Result<void>> run();

    // Refuses further requests, lets those in flight end, then closes the stream; at once when
    // `deadline` has come.
    void stop(Instant deadline);

  private:
    [[nodiscard]] ServedExport served() const;
    Task<Result<void>> read_requests();
    Task<Result<void>> take(Request request);
    void start(Request request, Buffer payload, uint64_t credit);
    void reply(const Request& request, const Result<void>& result, uint64_t credit);
    void reply_error(const Request& request, WireError error, std::string_view reason,
                     uint64_t credit);
    void reply_content(const Request& request, const Buffer& content, uint64_t credit);

    // One request each; they end with the reply in the queue.
    Task<void> serve_read(Request request, uint64_t credit);
    Task<void> serve_write(Request request, Buffer payload, uint64_t credit);
    Task<void> serve_flush(Request request, uint64_t credit);
    Task<void> serve_trim(Request request, uint64_t credit);
    Task<void> serve_write_zeroes(Request request, uint64_t credit);
    Task<void> serve_cache(Request request, uint64_t credit);
    Task<void> serve_block_status(Request request, uint64_t credit);

    Task<void> hang_up_when_stopped();
    Task<void> drain();

    Stream& stream_;
    StreamInput& input_;
    block::BlockDevice& device_;
    TransmissionSettings settings_;
    Semaphore credits_;
    ReplyQueue replies_;
    Scope requests_;
    Scope sender_;
    Scope helpers_;
    Event stop_;  // no more requests are taken: stop() was called, or the end has come
    Event drained_;
    Instant stop_deadline_;
    bool ended_ = false;
};

}  // namespace cairn::nbd
