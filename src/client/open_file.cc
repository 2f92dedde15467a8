#include "client/open_file.h"

#include "client/client.h"

namespace cairn::client {

OpenFile::OpenFile(Client& client, OpenFileReply opened, LeaseMode mode, Instant asked_at)
    : client_(client),
      rules_(client.rules()),
      runtime_(client.runtime()),
      node_(opened.node),
      mode_(mode),
      epoch_(opened.epoch),
      lease_timeout_(opened.timeout),
      lease_until_(asked_at + opened.timeout),
      seen_(opened.header.position),
      ranges_(runtime_.loop),
      changed_(runtime_.loop) {}

OpenFile::~OpenFile() = default;

Task<Result<void>> OpenFile::truncate(uint64_t size) {
    if (!writable())
        co_return Error(Code::read_only, "the file is open for reading only");
    RangeLock::Hold hold(ranges_, 0, max_file_size, write_access());
    co_await hold.granted();
    if (size == node_.size)
        co_return Result<void>();
    TruncateFileRequest request;
    request.file = id();
    request.size = size;
    auto reply = co_await client_.master().change<NodeReply>(Method::truncate_file, request);
    if (!reply) {
        if (reply.code() == Code::lease_lost)
            lease_is_lost(reply.error().message());
        co_return reply.error();
    }
    node_ = reply->node;
    seen_ = std::max(seen_, reply->header.position);
    size_logged_ = true;
    const uint64_t chunks_left =
        align_up(size, node_.storage.chunk_size) / node_.storage.chunk_size;
    maps_.erase(maps_.lower_bound(chunks_left), maps_.end());
    dirty_.erase(dirty_.lower_bound(chunks_left), dirty_.end());
    co_return Result<void>();
}

Task<Result<std::vector<OpenFile::Extent>>> OpenFile::extents(uint64_t offset, uint64_t length) {
    const uint64_t chunk_size = node_.storage.chunk_size;
    std::vector<Extent> list;
    const uint64_t end = offset + length;
    while (offset < end) {
        Result<CachedMap> cached = co_await map_for_read(offset / chunk_size);
        if (!cached)
            co_return cached.error();
        const uint64_t until = std::min(end, align_down(offset, chunk_size) + chunk_size);
        const bool allocated = !cached->map.chunk.is_none();
        if (!list.empty() && list.back().allocated == allocated)
            list.back().length += until - offset;
        else
            list.push_back({offset, until - offset, allocated});
        offset = until;
    }
    co_return list;
}

}  // namespace cairn::client
