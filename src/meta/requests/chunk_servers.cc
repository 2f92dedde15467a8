// Requests of chunk servers.
#include "meta/requests/handlers.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

Task<Result<Bytes>> make_cs(Master& master, MakeCsRequest request) {
    logged::AddCs operation;
    operation.host = request.host;
    operation.host_name = request.host_name;
    operation.repository = request.repository;
    operation.tier = request.tier;
    Result<Answer> answer = co_await master.propose(std::move(operation));
    if (!answer)
        co_return answer.error();
    Result<logged::AddCsAnswer> added = answer->as<logged::AddCsAnswer>();
    if (!added)
        co_return added.error();
    co_return encode(MakeCsReply{added->cs, master.catalogue().cluster()});
}

Task<Result<Bytes>> cs_start(Master& master, CsStartRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    Result<CsStartReply> reply = co_await master.registration.start(std::move(request));
    if (!reply)
        co_return reply.error();
    co_return encode(*reply);
}

Task<Result<Bytes>> cs_chunks(Master& master, CsChunksRequest request) {
    CO_TRY(master.registration.chunks(request));
    co_return Bytes();
}

Task<Result<Bytes>> cs_ready(Master& master, CsReadyRequest request) {
    CO_TRY(co_await master.registration.ready(request));
    co_return Bytes();
}

Task<Result<Bytes>> cs_heartbeat(Master& master, CsHeartbeatRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    CsHeartbeatReply reply;
    reply.register_again = !master.watchdog.heard(request);
    if (!reply.register_again)
        master.registration.heard(request.cs);
    if (!reply.register_again && !request.bad_blocks.empty())
        master.restores.found(request.cs, request.bad_blocks);
    reply.repair_bytes_per_second = master.catalogue().settings().repair_rate();
    if (!reply.register_again && !request.lost.empty())
        master.scrub.lost(request.cs, request.lost);
    reply.position = master.consensus.applied();
    reply.term = master.consensus.term();
    co_return encode(reply);
}

Task<Result<Bytes>> remove_cs(Master& master, RemoveCsRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    Result<RemoveCsReply> reply = Error(Code::not_supported, "an unknown kind of removal");
    switch (request.removal) {
        case CsRemoval::drain: reply = co_await master.removals.drain(request.cs); break;
        case CsRemoval::cancel: reply = co_await master.removals.cancel(request.cs); break;
        case CsRemoval::force:
            reply = co_await master.removals.force(request.cs, request.accept_loss);
            break;
    }
    if (!reply)
        co_return reply.error();
    reply->answering = master.consensus.self();
    co_return reply_with(master, *reply);
}

}  // namespace cairn::meta
