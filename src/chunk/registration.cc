#include "chunk/registration.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/version.h"

namespace cairn::chunk {

namespace {

constexpr size_t chunks_per_request = 10'000;

// No later attempt will go better: this is not the server that the cluster knows.
bool is_final(Code code) {
    return code == Code::not_found || code == Code::permission_denied ||
           code == Code::wrong_cluster || code == Code::authentication_failed ||
           code == Code::version_mismatch || code == Code::invalid_argument;
}

}  // namespace

CsSpace Registration::space() const {
    CsSpace space;
    const Result<DiskSpace> disk = store_.space();
    if (disk) {
        space.total = disk->total;
        space.free = disk->free;
        space.filesystem = disk->filesystem;
    }
    return space;
}

CsStartRequest Registration::start_request() {
    CsStartRequest request;
    request.cs = store_.identity().cs;
    request.host = options_.host;
    request.host_name = runtime_.host.name();
    request.address = options_.address;
    request.repository = options_.repository;
    request.tier = options_.tier;
    request.integrity_sequence = store_.start_report().integrity_sequence;
    request.sync_epoch = store_.start_report().sync_epoch;
    request.start_mark = store_.start_report().start_mark;
    request.earlier_marks = store_.start_report().earlier_marks;
    request.boot_id = runtime_.host.boot_id();
    request.fresh_start = !told_once_;
    request.highest_position = service_.highest_position();
    request.build_version = program_version;
    request.space = space();
    request.flags = options_.flags;
    return request;
}

Task<Result<void>> Registration::register_all() {
    auto started = co_await master_.call<CsStartReply>(Method::cs_start, start_request());
    if (!started)
        co_return started.error();
    service_.start_is_accepted();
    Result<void> kept = co_await store_.set_start_accepted();
    // The next start only shows more marks than it need.
    if (!kept)
        runtime_.log.write(Severity::warning, "cs", kept.error().message());
    const std::vector<HeldChunk> held = service_.held_chunks();
    for (size_t at = 0; at < held.size(); at += chunks_per_request) {
        const size_t end = std::min(held.size(), at + chunks_per_request);
        CsChunksRequest request;
        request.cs = store_.identity().cs;
        request.sync_epoch = store_.start_report().sync_epoch;
        request.chunks.assign(held.begin() + static_cast<ptrdiff_t>(at),
                              held.begin() + static_cast<ptrdiff_t>(end));
        auto told = co_await master_.call_once<NoReply>(Method::cs_chunks, std::move(request));
        if (!told)
            co_return told.error();
    }
    CsReadyRequest request;
    request.cs = store_.identity().cs;
    request.sync_epoch = store_.start_report().sync_epoch;
    request.chunk_count = held.size();
    auto ready = co_await master_.call_once<NoReply>(Method::cs_ready, request);
    if (!ready)
        co_return ready.error();
    told_once_ = true;
    registered_ = true;
    runtime_.log.write(
        Severity::info, "cs",
        fmt::format("CS#{} is registered with MDS#{}, {} chunks", store_.identity().cs.number,
                    master_.master().number, held.size()));
    co_return Result<void>();
}

Task<Result<void>> Registration::beat() {
    CsHeartbeatRequest request;
    request.cs = store_.identity().cs;
    request.sync_epoch = store_.start_report().sync_epoch;
    request.space = space();
    request.counters = service_.counters().take(runtime_.loop.now());
    request.counters.chunks = static_cast<uint32_t>(service_.replica_count());
    request.hottest = service_.counters().hottest();
    request.flags = options_.flags;
    request.bad_blocks = service_.bad_blocks();
    if (request.bad_blocks.size() > 1000)
        request.bad_blocks.resize(1000);
    request.lost = service_.lost_chunks();
    if (request.lost.size() > 1000)
        request.lost.resize(1000);
    const auto told = request.bad_blocks;
    auto reply = co_await master_.call_once<CsHeartbeatReply>(
        Method::cs_heartbeat, std::move(request), rpc::MasterLink::first_call_timeout);
    if (!reply)
        co_return reply.error();
    registered_ = !reply->register_again;
    if (registered_) {
        service_.forget_bad_blocks(told);
        service_.heard_of(reply->position);
        service_.limit_repair(reply->repair_bytes_per_second);
    }
    CO_TRY(co_await service_.keep_what_was_heard());
    co_return co_await service_.forget_idle_files();
}

Task<Result<void>> Registration::run(Event& stop) {
    Duration pause{0};
    while (true) {
        const bool told_to_stop = co_await stop.wait_until(runtime_.loop.now() + pause);
        if (told_to_stop)
            co_return Result<void>();
        if (store_.failed().is_set())
            co_return store_.failure() ? *store_.failure()
                                       : Error(Code::io_error, "the store failed");
        Result<void> done;
        if (registered_)
            done = co_await beat();
        else
            done = co_await register_all();
        if (!done && is_final(done.code()))
            co_return done;
        if (!done)
            runtime_.log.write(Severity::warning, "cs", done.error().message());
        // A new registration follows a refusal at once, but not faster than a heartbeat.
        pause = done && registered_ ? options_.heartbeat_interval : options_.heartbeat_interval / 4;
    }
}

}  // namespace cairn::chunk
