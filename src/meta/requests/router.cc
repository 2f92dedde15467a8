#include "meta/requests/router.h"

#include <fmt/core.h>

#include "meta/requests/handlers.h"

namespace cairn::meta {

namespace {

template <class Request>
Task<Result<Bytes>> pass(Master& master, Task<Result<Bytes>> (*answer)(Master&, Request),
                         const rpc::Request& request) {
    Result<Request> decoded = decode<Request>(request.body.view());
    if (!decoded)
        co_return decoded.error();
    co_return co_await answer(master, std::move(*decoded));
}

template <class Request>
Task<Result<Bytes>> pass(Master& master, Task<Result<Bytes>> (*answer)(Master&, Request, Caller),
                         const rpc::Request& request, const rpc::Session& session) {
    Result<Request> decoded = decode<Request>(request.body.view());
    if (!decoded)
        co_return decoded.error();
    co_return co_await answer(master, std::move(*decoded), Caller{session.address()});
}

}  // namespace

Task<Result<Bytes>> Router::answer(rpc::Session& session, const rpc::Request& request) {
    Master& master = *master_;
    switch (request.method) {
        case Method::register_client: co_return co_await pass(master, register_client, request);
        case Method::unregister_client: co_return co_await pass(master, unregister_client, request);
        case Method::look_up: co_return co_await pass(master, look_up, request);
        case Method::list_directory: co_return co_await pass(master, list_directory, request);
        case Method::make_node: co_return co_await pass(master, make_node, request);
        case Method::remove_node: co_return co_await pass(master, remove_node, request);
        case Method::rename_node: co_return co_await pass(master, rename_node, request);
        case Method::set_attributes: co_return co_await pass(master, set_attributes, request);
        case Method::set_node: co_return co_await pass(master, set_node, request);
        case Method::truncate_file: co_return co_await pass(master, truncate_file, request);
        case Method::set_file_size: co_return co_await pass(master, set_file_size, request);
        case Method::open_file: co_return co_await pass(master, open_file, request);
        case Method::refresh_leases: co_return co_await pass(master, refresh_leases, request);
        case Method::close_file: co_return co_await pass(master, close_file, request);
        case Method::revoke: co_return co_await pass(master, revoke, request);
        case Method::get_chunk_map: co_return co_await pass(master, get_chunk_map, request);
        case Method::prepare_chunks:
            co_return co_await pass(master, prepare_chunks, request, session);
        case Method::chunks_flushed: co_return co_await pass(master, chunks_flushed, request);
        case Method::report_replica: co_return co_await pass(master, report_replica, request);
        case Method::make_cs: co_return co_await pass(master, make_cs, request);
        case Method::cs_start: co_return co_await pass(master, cs_start, request);
        case Method::cs_chunks: co_return co_await pass(master, cs_chunks, request);
        case Method::cs_ready: co_return co_await pass(master, cs_ready, request);
        case Method::cs_heartbeat: co_return co_await pass(master, cs_heartbeat, request);
        case Method::remove_cs: co_return co_await pass(master, remove_cs, request);
        case Method::get_status: co_return co_await pass(master, get_status, request);
        case Method::get_events: co_return co_await pass(master, get_events, request);
        case Method::get_config: co_return co_await pass(master, get_config, request);
        case Method::set_config: co_return co_await pass(master, set_config, request, session);
        case Method::map_file: co_return co_await pass(master, map_file, request);
        default:
            co_return Error(Code::not_supported,
                            fmt::format("a metadata server does not answer method {}",
                                        static_cast<uint16_t>(request.method)));
    }
}

Task<rpc::Response> Router::handle(rpc::Session& session, rpc::Request request) {
    if (!master_ || master_->stopping())
        co_return rpc::Response::failure(
            Error(Code::not_master, "this metadata server is not the master"));
    running_++;
    Result<Bytes> body = co_await answer(session, request);
    if (--running_ == 0)
        idle_.notify_all();
    if (!body)
        co_return rpc::Response::failure(body.error());
    co_return rpc::Response(std::move(*body));
}

void Router::became_master(Consensus& consensus) {
    CHECK_NOTE(!master_, "one reign ends before the next begins");
    links_ = std::make_unique<rpc::Links>(runtime_, identity_);
    master_ = std::make_unique<Master>(runtime_, consensus, *links_, options_);
    master_->start();
}

Task<void> Router::deposed() {
    if (!master_)
        co_return;
    // Orders under way end with their connections, and with them the procedures that wait for them.
    master_->stopping_event.set();
    co_await links_->close();
    co_await master_->stop();
    while (running_ > 0)
        co_await idle_.wait();
    master_.reset();
    identity_ = links_->identity();
    links_.reset();
}

}  // namespace cairn::meta
