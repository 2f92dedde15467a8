#include "sim/audit.h"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

#include "client/read_reply.h"
#include "rpc/link.h"
#include "wire/methods.h"

namespace cairn::sim {

namespace {

Task<Result<Buffer>> read_once(rpc::Links& links, const AuditedChunk& chunk, Address address) {
    ReadBlocksRequest request;
    request.tag = chunk.tag;
    request.block_count = chunk.blocks;
    Buffer content = Buffer::allocate(size_t{chunk.blocks} * block_size);
    rpc::CallOptions options;
    options.expected_reply = static_cast<uint32_t>(content.size());
    auto response = co_await links.to(address).call(Method::read_blocks, encode(request),
                                                    rpc::Payload(), options);
    if (!response)
        co_return response.error();
    Result<ReadBlocksReply> reply = decode<ReadBlocksReply>(response->body.view());
    if (!reply)
        co_return reply.error();
    CO_TRY(client::place_blocks(chunk.tag.chunk, 0, *reply, response->payload.view(),
                                content.mutable_view()));
    co_return content;
}

Task<Result<void>> audit_chunk(Runtime& runtime, rpc::Links& links, const AuditedChunk& chunk,
                               Instant until) {
    std::optional<Buffer> first;
    for (const auto& [cs, address] : chunk.replicas) {
        Result<Buffer> content = co_await read_once(links, chunk, address);
        while (!content && runtime.loop.now() < until) {
            co_await Sleep(runtime.loop, milliseconds(500));
            content = co_await read_once(links, chunk, address);
        }
        if (!content)
            co_return content.error().with_context(
                fmt::format("CS#{}, chunk {}", cs.number, chunk.tag.chunk.number));
        if (!first)
            first = *content;
        const auto [ours, theirs] = std::ranges::mismatch(first->view(), content->view());
        if (ours != first->view().end())
            co_return Error(
                Code::corrupt,
                fmt::format("CS#{} and CS#{} are both in sync, but differ in block {} of chunk {}",
                            chunk.replicas.front().first.number, cs.number,
                            (ours - first->view().begin()) / static_cast<ptrdiff_t>(block_size),
                            chunk.tag.chunk.number));
    }
    co_return Result<void>();
}

}  // namespace

Task<Result<void>> audit_replicas(Runtime& runtime, rpc::ClusterAccess access,
                                  std::vector<AuditedChunk> chunks, Duration patience) {
    rpc::Links links(runtime,
                     {{access.key.cluster, access.name}, {Role::tool, 0, 0}, access.key.key});
    const Instant until = runtime.loop.now() + patience;
    Result<void> outcome;
    for (const AuditedChunk& chunk : chunks) {
        outcome = co_await audit_chunk(runtime, links, chunk, until);
        if (!outcome)
            break;
    }
    co_await links.close();
    co_return outcome;
}

}  // namespace cairn::sim
