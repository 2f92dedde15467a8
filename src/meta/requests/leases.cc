// Requests on clients and leases. Grants and refreshes are answered only after leadership was
// confirmed since the request came: a deposed master must not prolong a lease past its successor's
// end of it.
#include <charconv>
#include <fmt/core.h>

#include "meta/requests/handlers.h"
#include "wire/log_leases.h"

namespace cairn::meta {

Task<Result<Bytes>> register_client(Master& master, RegisterClientRequest request) {
    logged::RegisterClient operation;
    operation.host = request.host;
    operation.host_name = request.host_name;
    operation.name = request.name;
    operation.instance = request.instance;
    Result<Answer> answer = co_await master.propose(std::move(operation));
    if (!answer)
        co_return answer.error();
    Result<logged::RegisterClientAnswer> registered = answer->as<logged::RegisterClientAnswer>();
    if (!registered)
        co_return registered.error();
    co_return reply_with(master,
                         RegisterClientReply{{}, registered->client, lease_timeout_default});
}

Task<Result<Bytes>> unregister_client(Master& master, UnregisterClientRequest request) {
    logged::UnregisterClient operation;
    operation.client = request.request.client;
    operation.instance = request.request.instance;
    co_return empty_reply(master, co_await master.propose(operation, request.request));
}

namespace {

// An opener waits while the end of the last lease is being confirmed; it asks again after a while.
Task<Result<void>> wait_for_fence(Master& master, FileId file) {
    for (int round = 0; round < 80; round++) {
        const FileLease* lease = master.catalogue().lease(file);
        if (lease == nullptr || !lease->fence)
            co_return Result<void>();
        const bool stop = co_await master.pause(milliseconds(50));
        if (stop)
            co_return Error(Code::not_master, "this metadata server is not the master any more");
    }
    co_return Error(Code::retry,
                    "the chunk servers have not confirmed the end of the last lease yet");
}

}  // namespace

Task<Result<Bytes>> open_file(Master& master, OpenFileRequest request) {
    CO_TRY(check_instance(master, request.request.client, request.request.instance));
    CO_TRY(co_await wait_for_fence(master, request.file));
    logged::GrantLease operation;
    operation.file = request.file;
    operation.client = request.request.client;
    operation.instance = request.request.instance;
    operation.mode = request.mode;
    operation.timeout = request.timeout;
    // An agreed entry is the confirmation: whoever proposed it was the master when it was agreed
    // on.
    Result<Answer> answer = co_await master.propose(operation, request.request);
    if (!answer)
        co_return answer.error();
    Result<logged::GrantLeaseAnswer> granted = answer->as<logged::GrantLeaseAnswer>();
    if (!granted)
        co_return with_end_of_lease(master, request.file, granted.error());
    // A repeat of a request gets its first answer, and the lease that it was given may have ended
    // since.
    CO_TRY(check_lease(master, request.file, request.request.client, request.request.instance));
    if (master.catalogue().node(request.file)->epoch != granted->epoch &&
        request.mode == LeaseMode::exclusive)
        co_return Error(Code::lease_lost, "the lease ended before its holder heard of it");
    master.leases.prolonged(request.file, request.request.client, master.runtime.clock.now());
    co_return reply_with(master, OpenFileReply{{},
                                               granted->epoch,
                                               granted->timeout,
                                               granted->node,
                                               master.catalogue().settings().punch_hole()});
}

Task<Result<Bytes>> refresh_leases(Master& master, RefreshLeasesRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    CO_TRY(check_instance(master, request.client, request.instance));
    RefreshLeasesReply reply;
    const Instant now = master.runtime.clock.now();
    for (const FileId file : request.files) {
        HeldLease held;
        held.file = file;
        const FileLease* lease = master.catalogue().lease(file);
        if (lease != nullptr && lease->held_by(request.client, request.instance)) {
            held.mode = lease->mode;
            held.epoch = master.catalogue().node(file)->epoch;
            master.leases.prolonged(file, request.client, now);
        }
        reply.leases.push_back(held);
    }
    reply.punch_hole = master.catalogue().settings().punch_hole();
    co_return reply_with(master, std::move(reply));
}

Task<Result<Bytes>> close_file(Master& master, CloseFileRequest request) {
    logged::CloseLease operation;
    operation.file = request.file;
    operation.client = request.request.client;
    operation.instance = request.request.instance;
    operation.epoch = request.epoch;
    operation.wrote = request.wrote;
    operation.size = request.size;
    operation.modified = request.modified;
    Result<Answer> answer = co_await master.propose(operation, request.request);
    if (answer && answer->ok())
        master.leases.ended(request.file, request.request.client);
    co_return empty_reply(master, answer);
}

// A node is named by its host's name, or a client by its number.
Task<Result<Bytes>> revoke(Master& master, RevokeRequest request) {
    RevokeReply reply;
    logged::EndLeases end;
    end.reason = logged::LeaseEnd::revoked;
    ClientId wanted;
    const char* first = request.host.data();
    const char* last = first + request.host.size();
    if (std::from_chars(first, last, wanted.number).ptr != last)
        wanted = ClientId();
    bool known = false;
    for (const auto& [id, record] : master.catalogue().clients()) {
        if (record.host_name != request.host && to_string(record.host) != request.host &&
            id != wanted)
            continue;
        known = true;
        const std::vector<FileId> files = master.catalogue().leases_of(id);
        for (const FileId file : files)
            end.files.push_back(
                {file, master.catalogue().node(file)->epoch, {{id, record.instance}}});
        if (!files.empty())
            reply.clients++;
    }
    if (!known)
        co_return Error(
            Code::not_found,
            fmt::format("no client is called '{}': name a host as 'vstorage stat' shows it, or "
                        "a client by its CLID",
                        request.host));
    if (!end.files.empty()) {
        Result<Answer> answer = co_await master.propose(std::move(end));
        if (!answer)
            co_return answer.error();
        Result<logged::EndLeasesAnswer> ended = answer->as<logged::EndLeasesAnswer>();
        if (!ended)
            co_return ended.error();
        reply.leases_ended = ended->leases_ended;
    }
    co_return reply_with(master, reply);
}

}  // namespace cairn::meta
