// Foreign bytes as a stream of frames: nothing but frames or an error comes out, however the stream
// is cut into pieces, and both ways of cutting it give the same frames.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "wire/frame_reader.h"

namespace {

using namespace cairn;

struct Seen {
    std::vector<Frame> frames;
    Code code = Code::ok;
};

// `cuts` chooses the sizes of the pieces.
Seen read_all(ByteView input, uint8_t cuts) {
    FrameReader reader(protocol_version_max, 64 * kib);
    Seen seen;
    uint32_t state = cuts;
    while (true) {
        Result<std::optional<Frame>> next = reader.next();
        if (!next) {
            seen.code = next.code();
            return seen;
        }
        if (*next) {
            seen.frames.push_back(std::move(**next));
            continue;
        }
        if (input.empty())
            return seen;
        state = state * 1664525 + 1013904223;
        const MutableByteView space = reader.space();
        CHECK(!space.empty());
        const size_t piece = cuts == 0 ? input.size() : 1 + (state >> 16) % 4096;
        const size_t count = std::min({piece, input.size(), space.size()});
        std::ranges::copy(input.first(count), space.begin());
        reader.received(count);
        input = input.subspan(count);
    }
}

// A checksum guards all that comes after the header check: the fuzzer would never find one.
Bytes with_checksums(ByteView input) {
    Bytes fixed(input.begin(), input.end());
    size_t at = 0;
    while (fixed.size() - at >= frame_header_size) {
        const auto raw =
            std::span<std::byte, frame_header_size>(fixed.data() + at, frame_header_size);
        const Result<FrameHeader> header = decode_frame_header(raw, protocol_version_max);
        if (!header || fixed.size() - at - frame_header_size < header->body_length)
            break;
        const ByteView body = ByteView(fixed).subspan(at + frame_header_size, header->body_length);
        std::ranges::copy(encode_frame_header(*header, body), raw.begin());
        at += frame_header_size + header->body_length;
        at += std::min<size_t>(fixed.size() - at, header->payload_length);
    }
    return fixed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    const uint8_t choice = data[0];
    const ByteView input = std::as_bytes(std::span(data + 1, size - 1));
    const Bytes stream =
        (choice & 1) != 0 ? with_checksums(input) : Bytes(input.begin(), input.end());
    const Seen whole = read_all(stream, 0);
    const Seen pieces = read_all(stream, choice | 1);
    CHECK(whole.code == pieces.code && whole.frames.size() == pieces.frames.size());
    for (size_t i = 0; i < whole.frames.size(); i++) {
        const Frame& a = whole.frames[i];
        const Frame& b = pieces.frames[i];
        CHECK(a.header == b.header);
        CHECK(std::ranges::equal(a.body.view(), b.body.view()));
        CHECK(std::ranges::equal(a.payload.view(), b.payload.view()));
    }
    return 0;
}
