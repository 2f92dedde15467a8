#include <algorithm>
#include <fmt/core.h>

#include "meta/requests/handlers.h"

namespace cairn::meta {

ReplyHeader reply_header(const Master& master) {
    return {master.consensus.applied(), master.consensus.term()};
}

Result<Bytes> empty_reply(const Master& master, const Result<Answer>& answer) {
    if (!answer)
        return answer.error();
    if (!answer->ok())
        return Error(answer->code, answer->message);
    return reply_with(master, EmptyReply{});
}

Error with_end_of_lease(const Master& master, FileId file, const Error& refused) {
    const FileLease* lease = master.catalogue().lease(file);
    if (refused.code() != Code::busy || lease == nullptr || lease->holders.empty())
        return refused;
    Instant until{0};
    for (const LeaseHolder& holder : lease->holders)
        until = std::max(until, master.leases.runs_out(file, holder.client, holder.timeout));
    const Duration left = until - master.runtime.loop.now();
    const WallTime then{master.runtime.clock.wall_now().nanoseconds + left.nanoseconds};
    return {refused.code(), fmt::format("{}, until {} unless it prolongs its lease",
                                        refused.message(), event_time_text(then))};
}

Result<void> check_instance(const Master& master, ClientId client, InstanceId instance) {
    const ClientRecord* record = master.catalogue().client(client);
    if (record == nullptr)
        return Error(
            Code::instance_fenced,
            fmt::format("client {} is not registered any more: it must start anew", client.number));
    if (record->instance != instance)
        return Error(Code::instance_fenced,
                     fmt::format("a newer instance of client {} ({}) took over", client.number,
                                 record->name));
    return {};
}

Result<void> check_lease(const Master& master, FileId file, ClientId client, InstanceId instance) {
    TRY(check_instance(master, client, instance));
    const FileLease* lease = master.catalogue().lease(file);
    if (lease == nullptr || !lease->held_by(client, instance))
        return Error(Code::lease_lost, fmt::format("client {} holds no lease on file {} any more",
                                                   client.number, file.number));
    return {};
}

}  // namespace cairn::meta
