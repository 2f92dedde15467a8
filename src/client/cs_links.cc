#include "client/cs_links.h"

#include <algorithm>
#include <fmt/core.h>
#include <tuple>

namespace cairn::client {

namespace {

// By so many requests in flight may the preferred server be ahead of the others.
constexpr uint32_t preference = 6;

}  // namespace

void CsLinks::learn(const std::vector<CsLocation>& servers) {
    for (const CsLocation& server : servers)
        known_[server.cs] = server;
}

Task<Result<rpc::Reply>> CsLinks::call(CsId cs, Method method, Bytes body, Buffer payload,
                                       Duration timeout, uint32_t expected_reply) {
    const auto at = known_.find(cs);
    if (at == known_.end())
        co_return Error(Code::unavailable,
                        fmt::format("the address of CS#{} is not known", cs.number));
    rpc::CallOptions options;
    options.timeout = timeout;
    options.expected_reply = expected_reply;
    co_return co_await links_.to(at->second.address)
        .call(method, std::move(body), std::move(payload), options);
}

void CsLinks::sort_by_nearness(std::vector<CsId>& list, uint64_t place) const {
    if (list.empty())
        return;
    const CsId preferred = list[place % list.size()];
    const auto rank = [this, preferred](CsId cs) {
        const auto at = known_.find(cs);
        if (at == known_.end())
            return std::tuple(2, 0U, cs);
        const uint32_t busy = links_.to(at->second.address).in_flight();
        return std::tuple(at->second.host == here_ ? 0 : 1,
                          cs == preferred ? busy : busy + preference, cs);
    };
    std::sort(list.begin(), list.end(), [&rank](CsId a, CsId b) { return rank(a) < rank(b); });
}

}  // namespace cairn::client
