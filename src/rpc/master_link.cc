#include "rpc/master_link.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::rpc {

namespace {

constexpr Duration call_timeout = seconds(10);
constexpr Duration find_timeout = seconds(2);

// The call may succeed with another server, or a little later; nothing in it was wrong.
bool worth_repeating(Code code) {
    return code == Code::not_master || code == Code::unavailable || code == Code::connection_lost ||
           code == Code::timed_out || code == Code::overloaded || code == Code::retry;
}

}  // namespace

RequestHeader MasterLink::begin_change() {
    RequestHeader header;
    header.client = client_;
    header.instance = instance_;
    header.sequence = ++sequence_;
    outstanding_.insert(header.sequence);
    header.answered_below = *outstanding_.begin();
    return header;
}

Error MasterLink::give_up(const Error& last) const {
    std::string tried;
    for (const Address& address : servers_)
        tried += (tried.empty() ? "" : ", ") + to_string(address);
    return {last.code(), fmt::format("no master of cluster '{}' answers (asked {}): {}",
                                     cluster_name_, tried, last.message())};
}

Task<Result<void>> MasterLink::find_master() {
    Error last(Code::unavailable, "no metadata server is known");
    const std::vector<Address> ask = servers_;
    for (const Address& address : ask) {
        CallOptions options;
        options.timeout = find_timeout;
        Result<Reply> reply =
            co_await links_.to(address.next_port())
                .call(Method::find_master, encode(FindMasterRequest{}), Payload(), options);
        if (!reply) {
            last = reply.error();
            if (last.code() == Code::authentication_failed || last.code() == Code::wrong_cluster ||
                last.code() == Code::version_mismatch || last.code() == Code::cancelled)
                co_return last;
            continue;
        }
        Result<FindMasterReply> found = decode<FindMasterReply>(reply->body.view());
        if (!found) {
            last = found.error();
            continue;
        }
        for (const MdsInfo& server : found->servers) {
            if (std::find(servers_.begin(), servers_.end(), server.peer_address) == servers_.end())
                servers_.push_back(server.peer_address);
            if (server.mds == found->master && !found->master.is_none()) {
                master_ = server.mds;
                master_address_ = server.peer_address.next_port();
            }
        }
        if (!master_address_.is_none())
            co_return Result<void>();
        last = Error(Code::unavailable, "the metadata servers have no master now");
    }
    co_return last;
}

Task<Result<Buffer>> MasterLink::call_raw(Method method, Bytes body, bool repeat) {
    const Instant give_up_at =
        patience_.nanoseconds == 0 ? Instant::never() : runtime_.loop.now() + patience_;
    Duration pause = milliseconds(10);
    while (true) {
        if (stopping_)
            co_return Error(Code::cancelled, "this program is stopping");
        Result<Reply> reply = Error(Code::unavailable, "");
        Result<void> found;
        if (master_address_.is_none())
            found = co_await find_master();
        if (found) {
            CallOptions options;
            options.timeout = call_timeout;
            const Address at = master_address_;
            reply = co_await links_.to(at).call(method, body, Payload(), options);
            if (reply)
                co_return reply->body;
            const Code code = reply.error().code();
            if (code != Code::retry && code != Code::overloaded && worth_repeating(code) &&
                master_address_ == at)
                master_address_ = Address();
        } else {
            reply = found.error();
        }
        if (!repeat || !worth_repeating(reply.code()))
            co_return reply.error();
        if (runtime_.loop.now() + pause > give_up_at)
            co_return give_up(reply.error());
        co_await Sleep(runtime_.loop, pause);
        pause = std::min(pause * 2, milliseconds(500));
    }
}

}  // namespace cairn::rpc
