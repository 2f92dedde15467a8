// Whatever bytes come as a file or a record of a chunk server: decoding ends, and what is accepted
// encodes to something that decodes to the same. Each input is tried as it is, and with the
// checksum put right, so that what lies behind it is reached.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/checksum.h"
#include "chunk/chunk_format.h"
#include "chunk/record_format.h"
#include "chunk/repository_format.h"

namespace {

using namespace cairn;
using namespace cairn::chunk;

void try_files(ByteView input) {
    if (const auto identity = decode_identity(input))
        CHECK(*decode_identity(encode(*identity)) == *identity);
    if (const auto state = decode_state(input))
        CHECK(*decode_state(encode(*state)) == *state);
    if (const auto epochs = decode_epochs(input))
        CHECK(*decode_epochs(encode(*epochs)) == *epochs);
    if (const auto starts = decode_starts(input))
        CHECK(*decode_starts(encode(*starts)) == *starts);
    if (const auto header = decode_header(input))
        CHECK(*decode_header(encode(*header)) == *header);
    TablePage page;
    if (decode_page(input, ChunkId(1), 0, page)) {
        Bytes again(block_size);
        encode_page(page, ChunkId(1), 0, again);
        CHECK(std::ranges::equal(again, input));
    }
}

void try_with_checksum(Bytes bytes, uint64_t seed) {
    if (bytes.size() < sizeof(uint64_t))
        return;
    const size_t checked = bytes.size() - sizeof(uint64_t);
    const uint64_t sum = checksum(ByteView(bytes).first(checked), seed);
    std::memcpy(bytes.data() + checked, &sum, sizeof sum);
    try_files(bytes);
}

void try_record(ByteView input) {
    static const Bytes payload(size_t{2} * block_size);
    if (input.empty())
        return;
    const auto type = static_cast<uint16_t>(input[0]);
    for (size_t blocks = 0; blocks <= 2; blocks++) {
        const journal::RecordView view{.type = type,
                                       .fields = input.subspan(1),
                                       .payload = ByteView(payload).first(blocks * block_size)};
        if (const auto record = decode_record(view))
            static_cast<void>(payload_is_intact(*record, view.payload));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input = std::as_bytes(std::span(data, size));
    try_files(input);
    try_record(input);
    Bytes bytes(input.begin(), input.end());
    try_with_checksum(bytes, 0);
    bytes.resize(block_size);
    try_with_checksum(bytes, 0);
    try_with_checksum(std::move(bytes), 1);
    return 0;
}
