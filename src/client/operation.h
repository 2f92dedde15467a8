// One write of a run of blocks, or one flush of a chunk, on its way to every replica. Shared by the
// write path and the requests that it has in flight, which may outlive it when their replica has
// left the set.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/time.h"
#include "client/fan_out.h"
#include "client/open_file.h"
#include "wire/chunk_messages.h"
#include "wire/methods.h"

namespace cairn::client {

struct OpenFile::Part {
    uint64_t index = 0;  // of the chunk
    WriteKind kind = WriteKind::data;
    uint32_t first_block = 0;
    uint32_t block_count = 0;
    uint64_t sequence = 0;
    Buffer data;
    std::vector<uint64_t> checksums;
    WriteUntil until = WriteUntil::held;
};

struct OpenFile::Operation {
    Operation(const ChunkMap& map, uint8_t replicas_min, bool joiners, const Rules& rules)
        : fan_out(map, replicas_min, joiners, rules) {}

    FanOut fan_out;
    LogIndex position;  // of the view that `fan_out` goes by
    uint64_t index = 0;
    Method method = Method::write_blocks;
    std::shared_ptr<Part> part;  // of a write
    std::vector<std::pair<CsId, Code>> failures;
    std::map<CsId, uint32_t> strike_counts;
    std::map<CsId, uint32_t> times_full;
    uint32_t in_flight = 0;
    CsId full_at;  // the write fails for it: all are made equal to it
    Duration pause = milliseconds(10);

    [[nodiscard]] bool asks_for_durable() const {
        return part && part->until == WriteUntil::durable;
    }
    uint32_t strike(CsId cs) { return ++strike_counts[cs]; }
    void encode(const ChunkTag& tag, Bytes& body, Buffer& payload) const {
        if (method == Method::flush_chunks) {
            FlushChunksRequest request;
            request.tags = {tag};
            body = cairn::encode(request);
            return;
        }
        WriteBlocksRequest request;
        request.tag = tag;
        request.kind = part->kind;
        request.sequence = part->sequence;
        request.first_block = part->first_block;
        request.block_count = part->block_count;
        request.checksums = part->checksums;
        request.durable = asks_for_durable();
        body = cairn::encode(request);
        payload = part->data;
    }
};

}  // namespace cairn::client
