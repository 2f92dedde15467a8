// Whatever bytes come: decoding them ends, and what it accepts encodes to the same bytes again.
#include <algorithm>

#include "base/check.h"
#include "raft/codec.h"
#include "raft/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cairn;
    const ByteView input = std::as_bytes(std::span(data, size));
    if (const auto message = raft::decode_message(input)) {
        const Bytes again = raft::encode_message(*message);
        CHECK(std::ranges::equal(again, input));
    }
    ByteReader in(input);
    const raft::HardState state = raft::get_hard_state(in);
    const raft::SnapshotMeta meta = raft::get_snapshot_meta(in);
    const raft::Entry entry = raft::get_entry(in);
    if (in.finished()) {
        Bytes again;
        ByteWriter out(again);
        raft::put_hard_state(out, state);
        raft::put_snapshot_meta(out, meta);
        raft::put_entry(out, entry);
        CHECK(std::ranges::equal(again, input));
    }
    return 0;
}
