#include "rpc/master_link.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace cairn::rpc {

namespace {

constexpr Duration find_timeout = seconds(2);
constexpr Duration refresh_interval = seconds(10);

// The call may succeed with another server, or a little later; nothing in it was wrong.
bool worth_repeating(Code code) {
    return code == Code::not_master || code == Code::unavailable || code == Code::connection_lost ||
           code == Code::timed_out || code == Code::overloaded || code == Code::retry;
}

// Whoever is asked next will say the same.
bool is_final(Code code) {
    return code == Code::authentication_failed || code == Code::wrong_cluster ||
           code == Code::version_mismatch || code == Code::cancelled;
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

Task<void> MasterLink::take_servers(FindMasterReply found) {
    for (const MdsInfo& server : found.servers) {
        if (std::ranges::find(servers_, server.peer_address) == servers_.end())
            servers_.push_back(server.peer_address);
        if (server.mds == found.master && !found.master.is_none()) {
            master_ = server.mds;
            master_address_ = server.peer_address.next_port();
        }
    }
    // Only the master surely knows which are no more.
    if (found.answering != found.master || found.master.is_none() || found.servers.empty())
        co_return;
    std::vector<Address> now;
    now.reserve(found.servers.size());
    for (const MdsInfo& server : found.servers)
        now.push_back(server.peer_address);
    servers_ = now;
    if (files_ == nullptr)
        co_return;
    Result<std::vector<Address>> listed = co_await files_->load_servers(cluster_name_);
    std::ranges::sort(now);
    if (listed)
        std::ranges::sort(*listed);
    // So that the next start finds them; whoever may not write there does without.
    if (listed && *listed != now)
        static_cast<void>(co_await files_->save_servers(cluster_name_, now));
}

// `service`: where it serves clients.
Task<Result<void>> MasterLink::ask_for_master(Address service) {
    CallOptions options;
    options.timeout = find_timeout;
    Result<Reply> reply = co_await links_.to(service).call(
        Method::find_master, encode(FindMasterRequest{}), Payload(), options);
    if (!reply)
        co_return reply.error();
    Result<FindMasterReply> found = decode<FindMasterReply>(reply->body.view());
    if (!found)
        co_return found.error();
    co_await take_servers(std::move(*found));
    if (master_address_.is_none())
        co_return Error(Code::unavailable, "the metadata servers have no master now");
    co_return Result<void>();
}

Task<void> MasterLink::refresh_servers() {
    if (runtime_.loop.now() < refresh_at_)
        co_return;
    refresh_at_ = runtime_.loop.now() + refresh_interval;
    static_cast<void>(co_await ask_for_master(master_address_));
}

// Those of this host's list that are not known here.
Task<std::vector<Address>> MasterLink::read_list() {
    std::vector<Address> more;
    if (files_ == nullptr)
        co_return more;
    Result<std::vector<Address>> listed = co_await files_->load_servers(cluster_name_);
    if (!listed)
        co_return more;
    for (const Address& address : *listed) {
        if (std::ranges::find(servers_, address) == servers_.end())
            more.push_back(address);
    }
    co_return more;
}

Task<Result<void>> MasterLink::ask_each(std::vector<Address> servers) {
    Result<void> asked = Error(Code::unavailable, "no metadata server is known");
    for (const Address& address : servers) {
        asked = co_await ask_for_master(address.next_port());
        if (asked || is_final(asked.code()))
            break;
    }
    co_return asked;
}

Task<Result<void>> MasterLink::find_master() {
    std::vector<Address> servers = servers_;
    if (!servers.empty())
        std::ranges::rotate(servers,
                            servers.begin() + static_cast<ptrdiff_t>(misled_ % servers.size()));
    Result<void> found = co_await ask_each(std::move(servers));
    if (found || is_final(found.code()))
        co_return found;
    std::vector<Address> more = co_await read_list();
    if (!more.empty())
        found = co_await ask_each(std::move(more));
    co_return found;
}

Task<Result<Buffer>> MasterLink::call_raw(Method method, Bytes body, bool repeat,
                                          Duration first_timeout) {
    const Instant give_up_at =
        patience_.nanoseconds == 0 ? Instant::never() : runtime_.loop.now() + patience_;
    Duration pause = milliseconds(10);
    Duration timeout = first_timeout;
    while (true) {
        if (stopping_)
            co_return Error(Code::cancelled, "this program is stopping");
        Result<Reply> reply = Error(Code::unavailable, "");
        Result<void> found;
        if (master_address_.is_none())
            found = co_await find_master();
        else if (files_ != nullptr)
            co_await refresh_servers();
        if (found) {
            CallOptions options;
            options.timeout = std::exchange(timeout, call_timeout);
            const Address at = master_address_;
            reply = co_await links_.to(at).call(method, body, Payload(), options);
            if (reply)
                co_return reply->body;
            const Code code = reply.error().code();
            if (code != Code::retry && code != Code::overloaded && worth_repeating(code) &&
                master_address_ == at) {
                master_address_ = Address();
                misled_ += code == Code::not_master ? 1 : 0;
            }
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
