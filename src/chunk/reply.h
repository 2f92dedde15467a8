// Small helpers to answer an rpc request.
#pragma once

#include "base/buffer.h"
#include "rpc/server.h"
#include "wire/archive.h"

namespace cairn::chunk {

[[nodiscard]] inline rpc::Response failed(const Error& error) {
    return rpc::Response::failure(error);
}
[[nodiscard]] inline rpc::Response done(Bytes body = {}, rpc::Payload payload = {}) {
    return rpc::Response(std::move(body), std::move(payload));
}

}  // namespace cairn::chunk
