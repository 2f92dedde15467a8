// MasterLink: calls to the master of a cluster, whichever metadata server that is now. It asks
// those it knows until one names the master, follows it when it changes, and repeats what was not
// answered: requests that change something carry a session and a sequence, so that a repeat gets
// its own answer.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "rpc/cluster_files.h"
#include "rpc/link.h"
#include "wire/meta_messages.h"

namespace cairn::rpc {

class MasterLink {
  public:
    // `servers` as in ClusterAccess. `patience`: how long a call may look for a master; zero: for
    // ever.
    MasterLink(Runtime& runtime, Links& links, std::string cluster_name,
               std::vector<Address> servers, Duration patience)
        : runtime_(runtime),
          links_(links),
          cluster_name_(std::move(cluster_name)),
          servers_(std::move(servers)),
          patience_(patience) {}

    // A master that hangs is found out by asking the others; most that take longer than the first
    // of these are only slow, and get the time they need when they are asked again.
    static constexpr Duration first_call_timeout = seconds(3);
    static constexpr Duration call_timeout = seconds(10);

    // A request that changes nothing, or may be repeated as it is.
    template <class ReplyMessage, class RequestMessage>
    Task<Result<ReplyMessage>> call(Method method, RequestMessage request) {
        Result<Buffer> body = co_await call_raw(method, encode(request), true, first_call_timeout);
        if (!body)
            co_return body.error();
        co_return decode<ReplyMessage>(body->view());
    }
    // The same, but one attempt only.
    template <class ReplyMessage, class RequestMessage>
    Task<Result<ReplyMessage>> call_once(Method method, RequestMessage request,
                                         Duration timeout = call_timeout) {
        Result<Buffer> body = co_await call_raw(method, encode(request), false, timeout);
        if (!body)
            co_return body.error();
        co_return decode<ReplyMessage>(body->view());
    }
    // A request that changes something: done once, however often it is repeated.
    template <class ReplyMessage, class RequestMessage>
    Task<Result<ReplyMessage>> change(Method method, RequestMessage request) {
        request.request = begin_change();
        const uint64_t sequence = request.request.sequence;
        Result<Buffer> body = co_await call_raw(method, encode(request), true, first_call_timeout);
        end_change(sequence);
        if (!body)
            co_return body.error();
        co_return decode<ReplyMessage>(body->view());
    }

    void set_session(ClientId client, InstanceId instance) {
        client_ = client;
        instance_ = instance;
    }
    // Keeps to this host's list of servers: what the master says of them is written there, and
    // where nobody answers it is read anew. `files` outlives this.
    void follow(ClusterFiles& files) { files_ = &files; }
    // From here on calls fail instead of looking for a master.
    void stop() { stopping_ = true; }
    [[nodiscard]] MdsId master() const { return master_; }
    // All metadata servers that the last answer named.
    [[nodiscard]] const std::vector<Address>& servers() const { return servers_; }

  private:
    Task<Result<Buffer>> call_raw(Method method, Bytes body, bool repeat, Duration first_timeout);
    Task<Result<void>> find_master();
    Task<Result<void>> ask_for_master(Address service);
    Task<Result<void>> ask_each(std::vector<Address> servers);
    // Asks the master now and then who they all are: a list learned once grows old.
    Task<void> refresh_servers();
    Task<void> take_servers(FindMasterReply found);
    Task<std::vector<Address>> read_list();
    [[nodiscard]] RequestHeader begin_change();
    void end_change(uint64_t sequence) { outstanding_.erase(sequence); }
    [[nodiscard]] Error give_up(const Error& last) const;

    Runtime& runtime_;
    Links& links_;
    std::string cluster_name_;
    std::vector<Address> servers_;
    Duration patience_;
    ClusterFiles* files_ = nullptr;
    Instant refresh_at_;
    MdsId master_;
    Address master_address_;  // towards clients; none: not known
    // How often who was named said that it is not the master: one who is behind must not be asked
    // first for ever.
    size_t misled_ = 0;
    ClientId client_;
    InstanceId instance_;
    uint64_t sequence_ = 0;
    std::set<uint64_t> outstanding_;
    bool stopping_ = false;
};

}  // namespace cairn::rpc
