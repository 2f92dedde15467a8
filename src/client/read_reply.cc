#include "client/read_reply.h"

#include <cstring>

#include "base/checksum.h"

namespace cairn::client {

Result<void> place_blocks(ChunkId chunk, uint32_t first_block, const ReadBlocksReply& reply,
                          ByteView payload, MutableByteView into) {
    const Error malformed(Code::corrupt, "a read's answer does not fit its request");
    const uint32_t block_count = static_cast<uint32_t>(into.size() / block_size);
    size_t next_data = 0;
    uint32_t at = 0;
    const auto place_data = [&](uint32_t until) -> Result<void> {
        for (; at < until; at++, next_data++) {
            if (next_data >= reply.checksums.size() ||
                (next_data + 1) * block_size > payload.size())
                return malformed;
            const ByteView block = payload.subspan(next_data * block_size, block_size);
            if (block_checksum(chunk, first_block + at, block) != reply.checksums[next_data])
                return Error(Code::corrupt, "a block does not match its checksum on arrival");
            std::memcpy(into.data() + size_t{at} * block_size, block.data(), block_size);
        }
        return {};
    };
    for (const auto& [start, count] : reply.zero_runs) {
        if (start < at || start > block_count || count > block_count - start)
            return malformed;
        TRY(place_data(start));
        std::memset(into.data() + size_t{at} * block_size, 0, size_t{count} * block_size);
        at = start + count;
    }
    TRY(place_data(block_count));
    if (next_data != reply.checksums.size())
        return malformed;
    return {};
}

}  // namespace cairn::client
