// Feeds foreign bytes to the readers of the repository's formats. The input is also given sectors
// that verify, so that more than the checksums is reached.
#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/size.h"
#include "meta/node/identity.h"
#include "meta/node/log_format.h"

namespace {

using namespace cairn;

// Makes every sector of every block verify as one of group 1, as far as sectors go.
Buffer with_whole_sectors(ByteView input, const meta::LogOwner& owner) {
    const size_t blocks = std::clamp<size_t>(input.size() / 3000, 1, 16);
    Buffer file = Buffer::zeroed((blocks + 1) * block_size);
    for (size_t at = block_size; at < file.size(); at += meta::log_sector_size) {
        const MutableByteView sector = file.mutable_view().subspan(at, meta::log_sector_size);
        const ByteView part = input.first(std::min(input.size(), meta::log_sector_content));
        std::ranges::copy(part, sector.begin());
        input = input.subspan(part.size());
        const meta::LogSequence sequence = 1;
        std::memcpy(sector.data() + meta::log_sector_content, &sequence, sizeof sequence);
        const uint64_t seed =
            owner.seed() + (at / meta::log_sector_size + 1) * 0x9E3779B97F4A7C15ULL;
        const uint64_t sum = checksum(sector.first(meta::log_sector_size - 8), seed);
        std::memcpy(sector.data() + meta::log_sector_size - 8, &sum, sizeof sum);
    }
    return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input = std::as_bytes(std::span(data, size));
    static_cast<void>(meta::decode_identity(input));
    meta::SegmentHeader header;
    header.owner.mds = MdsId(1);
    static_cast<void>(meta::decode_segment_header(input, header.owner));
    if (input.size() >= block_size) {
        Buffer file = Buffer::copy_of(input.first(input.size() / block_size * block_size));
        static_cast<void>(meta::read_segment(file.view(), header, std::nullopt));
    }
    const Buffer file = with_whole_sectors(input, header.owner);
    static_cast<void>(meta::read_segment(file.view(), header, std::nullopt));
    return 0;
}
