#include "client/client.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::client {

Client::Client(Runtime& runtime, ClientOptions options)
    : runtime_(runtime),
      options_(std::move(options)),
      instance_(runtime.random.next() | 1),
      links_(runtime, {{options_.access.key.cluster, options_.access.name},
                       {Role::client, 0, instance_.number},
                       options_.access.key.key}),
      master_(runtime, links_, options_.access.name, options_.access.servers, options_.patience),
      chunk_servers_(links_, options_.host),
      opening_(runtime.loop),
      stopping_(runtime.loop),
      background_(runtime.loop) {}

Client::~Client() = default;

Task<Result<void>> Client::start() {
    RegisterClientRequest request;
    request.host = options_.host;
    request.host_name = runtime_.host.name();
    request.name = options_.name;
    request.instance = instance_;
    auto reply = co_await master_.call<RegisterClientReply>(Method::register_client, request);
    if (!reply)
        co_return reply.error().with_context(
            fmt::format("registering with cluster '{}'", options_.access.name));
    id_ = reply->client;
    lease_timeout_ =
        options_.lease_timeout.nanoseconds != 0 ? options_.lease_timeout : reply->lease_timeout;
    master_.set_session(id_, instance_);
    links_.identity().identity.node = id_.number;
    background_.spawn(refresh_loop());
    background_.spawn(housekeeping_loop());
    co_return Result<void>();
}

Task<void> Client::stop() {
    stopping_.set();
    while (!files_.empty()) {
        std::shared_ptr<OpenFile> file = files_.begin()->second;
        file->handles_ = 1;
        Result<void> closed = co_await close(file);
        if (!closed)
            runtime_.log.write(
                Severity::warning, "client",
                fmt::format("closing file {}: {}", file->id().number, closed.error().message()));
    }
    if (!id_.is_none()) {
        Result<EmptyReply> gone = co_await master_.change<EmptyReply>(Method::unregister_client,
                                                                      UnregisterClientRequest{});
        if (!gone)
            runtime_.log.write(Severity::warning, "client", gone.error().message());
    }
    master_.stop();
    co_await links_.close();
    co_await background_.join();
}

void Client::abandon(std::string reason) {
    for (const auto& [id, file] : files_)
        file->lease_is_lost(reason);
    master_.stop();
}

Duration Client::refresh_interval() const {
    return lease_timeout_ / 4;
}

Task<void> Client::refresh_loop() {
    Duration pause = refresh_interval();
    while (true) {
        const bool stop = co_await stopping_.wait_until(runtime_.loop.now() + pause);
        if (stop)
            co_return;
        Result<void> done = co_await refresh_once();
        // Without an answer the leases are running out: ask again soon.
        pause = done ? refresh_interval() : std::min(seconds(1), refresh_interval());
    }
}

Task<Result<void>> Client::refresh_once() {
    if (files_.empty())
        co_return Result<void>();
    RefreshLeasesRequest request;
    request.client = id_;
    request.instance = instance_;
    std::vector<std::shared_ptr<OpenFile>> asked;
    for (const auto& [id, file] : files_) {
        request.files.push_back(id);
        asked.push_back(file);
    }
    const Instant asked_at = runtime_.clock.now();
    auto reply = co_await master_.call_once<RefreshLeasesReply>(Method::refresh_leases, request);
    if (!reply) {
        if (reply.code() == Code::instance_fenced) {
            for (const auto& file : asked)
                file->lease_is_lost("a newer instance of this client took over");
        }
        co_return reply.error();
    }
    take_settings(*reply);
    for (size_t i = 0; i < asked.size() && i < reply->leases.size(); i++) {
        if (reply->leases[i].file == asked[i]->id())
            asked[i]->lease_refreshed(reply->leases[i], asked_at);
    }
    co_return Result<void>();
}

Task<void> Client::housekeeping_loop() {
    std::map<FileId, uint64_t> writes_before;
    while (true) {
        const bool stop =
            co_await stopping_.wait_until(runtime_.loop.now() + options_.unmark_after);
        if (stop)
            co_return;
        std::vector<std::shared_ptr<OpenFile>> files;
        files.reserve(files_.size());
        for (const auto& [id, file] : files_)
            files.push_back(file);
        for (const auto& file : files) {
            co_await file->unmark_idle_chunks(writes_before[file->id()]);
            writes_before[file->id()] = file->write_count_;
        }
        std::erase_if(writes_before,
                      [this](const auto& item) { return !files_.contains(item.first); });
    }
}

Task<Result<std::shared_ptr<OpenFile>>> Client::open(FileId id, LeaseMode mode) {
    const Mutex::Guard guard = co_await opening_.lock();
    const auto known = files_.find(id);
    if (known != files_.end() && !known->second->lost_ &&
        (known->second->mode_ == mode || known->second->writable())) {
        known->second->handles_++;
        co_return known->second;
    }
    OpenFileRequest request;
    request.file = id;
    request.mode = mode;
    request.timeout = options_.lease_timeout;
    Instant asked_at = runtime_.clock.now();
    auto reply = co_await master_.change<OpenFileReply>(Method::open_file, request);
    while (!reply && reply.code() == Code::lease_lost) {
        // It was given and ended before we heard of it: ask for a new one.
        asked_at = runtime_.clock.now();
        reply = co_await master_.change<OpenFileReply>(Method::open_file, request);
    }
    if (!reply)
        co_return reply.error();
    take_settings(*reply);
    if (known != files_.end() && !known->second->lost_) {
        // The shared lease became an exclusive one: everyone here goes on under it.
        OpenFile& file = *known->second;
        file.mode_ = mode;
        file.epoch_ = reply->epoch;
        file.maps_.clear();
        file.node_ = reply->node;
        file.lease_until_ = asked_at + reply->timeout;
        file.handles_++;
        co_return known->second;
    }
    auto file = std::make_shared<OpenFile>(*this, *reply, mode, asked_at);
    files_[id] = file;
    co_return file;
}

Task<Result<void>> Client::close(std::shared_ptr<OpenFile> file) {
    const Mutex::Guard guard = co_await opening_.lock();
    if (--file->handles_ > 0)
        co_return Result<void>();
    const auto forget = [this, &file] {
        const auto at = files_.find(file->id());
        if (at != files_.end() && at->second == file)
            files_.erase(at);
    };
    Result<void> flushed = file->writable() ? co_await file->flush() : Result<void>();
    if (!flushed) {
        file->lease_is_lost("it could not be flushed when it was closed");
        forget();
        co_return flushed;
    }
    CloseFileRequest request;
    request.file = file->id();
    request.epoch = file->epoch_;
    request.wrote = file->write_count_ > 0;
    request.size = file->node_.size;
    request.modified = file->node_.modified;
    auto reply = co_await master_.change<EmptyReply>(Method::close_file, request);
    file->lease_is_lost("the file was closed");
    forget();
    if (!reply && reply.code() != Code::lease_lost)
        co_return reply.error();
    co_return Result<void>();
}

}  // namespace cairn::client
