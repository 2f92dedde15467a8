#include "meta/master/orders.h"

#include <fmt/core.h>

#include "meta/master/master.h"

namespace cairn::meta {

OrderHeader Orders::header() const {
    return {master_.consensus.self(), master_.consensus.term(), master_.consensus.applied()};
}

Task<Result<Buffer>> Orders::send_raw(CsId cs, Method method, Bytes body, Duration timeout) {
    const CsRecord* record = master_.catalogue().server(cs);
    if (record == nullptr || record->address.is_none())
        co_return Error(Code::unavailable, fmt::format("CS#{} has never started", cs.number));
    rpc::CallOptions options;
    options.timeout = timeout;
    Result<rpc::Reply> reply =
        co_await links_.to(record->address).call(method, std::move(body), rpc::Payload(), options);
    if (!reply)
        co_return reply.error();
    co_return std::move(reply->body);
}

}  // namespace cairn::meta
