// Requests, responses and payloads, as callers and handlers see them. Bodies are encoded messages
// (wire/archive.h); payloads are raw block data, held by reference from the caller's Buffer to the
// socket.
#pragma once

#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/methods.h"

namespace cairn::rpc {

// Block data to be sent: one Buffer, or several that follow one another.
class Payload {
  public:
    Payload() = default;
    Payload(Buffer only) { add(std::move(only)); }

    void add(Buffer part) {
        if (part.empty())
            return;
        size_ += part.size();
        if (first_.empty())
            first_ = std::move(part);
        else
            rest_.push_back(std::move(part));
    }
    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] size_t count() const { return first_.empty() ? 0 : 1 + rest_.size(); }
    [[nodiscard]] const Buffer& part(size_t index) const {
        return index == 0 ? first_ : rest_[index - 1];
    }

  private:
    Buffer first_;
    std::vector<Buffer> rest_;
    size_t size_ = 0;
};

// What a handler gets. Body and payload may share one allocation: keeping one keeps both.
struct Request {
    Method method{};
    Buffer body;
    Buffer payload;
    Instant deadline = Instant::never();  // after which the caller has gone
};

// What a handler answers.
struct Response {
    Code status = Code::ok;
    Bytes body;
    Payload payload;

    Response() = default;
    explicit Response(Bytes encoded, Payload data = {})
        : body(std::move(encoded)), payload(std::move(data)) {}
    // `detail` is an encoded message for programs, beside the text for people.
    static Response failure(const Error& error, ByteView detail = {});
};

// What a successful call returns.
struct Reply {
    Buffer body;
    Buffer payload;
};

struct CallOptions {
    Duration timeout = seconds(10);
    // Bytes of body and payload that the reply may have: both ends count them as in flight from the
    // start, so that replies never gather without bound.
    uint32_t expected_reply = 0;
    // Where the detail of a refusal goes; must outlive the call.
    Buffer* error_detail = nullptr;
};

// The error that a response of this status and body stands for.
[[nodiscard]] Error error_of_response(Code status, const Buffer& body, Buffer* detail);

}  // namespace cairn::rpc
