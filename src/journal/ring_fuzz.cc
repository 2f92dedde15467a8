// Whatever bytes come as a superblock or a group: decoding ends, and what is accepted adds up. The
// input also stands in for the records of a group whose checksums are right, as a hostile or a
// future writer could make them.
#include <algorithm>

#include "base/check.h"
#include "journal/ring_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cairn;
    const ByteView input = std::as_bytes(std::span(data, size));
    if (const auto superblock = journal::decode_superblock(input))
        CHECK(*journal::decode_superblock(journal::encode(*superblock)) == *superblock);
    static_cast<void>(journal::resembles_group(input, 1, 1));
    static_cast<void>(journal::decode_group_header(input, 1));
    if (size < 8)
        return 0;
    constexpr size_t payload_size = size_t{2} * block_size;
    Bytes group(align_up(journal::group_header_size + size, block_size) + payload_size);
    std::ranges::copy(input, group.begin() + journal::group_header_size);
    journal::GroupHeader header{.ring_id = 1,
                                .sequence = 1,
                                .record_count = data[0],
                                .length = static_cast<uint32_t>(group.size()),
                                .meta_length = static_cast<uint32_t>(group.size() - payload_size)};
    journal::encode_group(header, MutableByteView(group).first(header.meta_length));
    const auto decoded = journal::decode_group_header(group, 1);
    CHECK(decoded && *decoded == header);
    if (const auto records = journal::decode_records(*decoded, group)) {
        size_t payload = 0;
        for (const journal::RecordView& record : *records)
            payload += record.payload.size();
        CHECK(records->size() == header.record_count && payload == payload_size);
    }
    return 0;
}
