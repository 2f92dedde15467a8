// One entry of the replicated log that builds the catalogue: what is to be done, proposed when, on
// whose behalf. Every metadata server applies the same entries in the same order, so an entry holds
// all that its effect depends on; times are the proposer's. The operations themselves are in
// wire/log_tree.h, log_leases.h, log_chunks.h and log_cluster.h. The raft log's records around an
// entry carry length and checksum.
//
//      0  u16 format          2  u16 kind        4  u16 feature level   6  u16 zero
//      8  i64 proposed (wall nanoseconds)
//     16  u32 client          20 u32 zero        24 u64 instance
//     32  u64 sequence        40 u64 answered below
//     48  u32 length          52 the operation
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/archive.h"
#include "wire/meta_messages.h"

namespace cairn {

// Numbers are part of the log's format: never reuse or renumber one.
enum class LogKind : uint16_t {
    create_cluster = 1,

    make_node = 10,
    remove_node = 11,
    rename_node = 12,
    set_attributes = 13,
    set_node = 14,
    truncate = 15,
    set_file_size = 16,

    register_client = 30,
    unregister_client = 31,
    grant_lease = 32,
    close_lease = 33,
    end_leases = 34,
    fence_done = 35,

    reserve_chunk_ids = 50,
    add_chunks = 51,
    mark_chunks = 52,
    unmark_chunks = 53,
    leave_replicas = 54,
    join_replica = 55,
    join_done = 56,
    restart_comparisons = 57,
    choose_source = 58,
    stand_in = 59,
    comparison_done = 60,

    add_cs = 80,
    cs_started = 81,
    set_cs_state = 82,
    lose_cs_replicas = 83,
    set_config = 84,
    add_event = 85,
    add_mds = 86,
    change_mds = 87,
    remove_mds = 88,
    set_feature_level = 89,
    drain_cs = 90,
    remove_cs = 91,
    move_mds = 92,
};

[[nodiscard]] std::string_view name_of(LogKind kind);

// What this program writes and understands. The catalogue holds the level in force: entries are
// written at that level until it is raised, so that the programs of the level before can still
// apply them.
constexpr uint16_t feature_level_newest = 1;

struct LogEntry {
    LogKind kind{};
    uint16_t feature_level = feature_level_newest;
    WallTime proposed;
    // With a client and a sequence, the answer is kept for the case that the request comes again.
    RequestHeader origin;
    Bytes operation;
};

[[nodiscard]] Bytes encode_entry(const LogEntry& entry);
[[nodiscard]] Result<LogEntry> decode_entry(ByteView bytes);

template <class Operation>
[[nodiscard]] LogEntry entry_of(const Operation& operation, WallTime proposed,
                                const RequestHeader& origin = {}) {
    LogEntry entry;
    entry.kind = Operation::kind;
    entry.proposed = proposed;
    entry.origin = origin;
    entry.operation = encode(operation);
    return entry;
}

// What applying an entry gave: an error, or the encoded answer struct of the operation (empty for
// most). It holds no log position, so that the answer kept for a repeat is the same bytes.
struct Answer {
    Code code = Code::ok;
    std::string message;
    Bytes body;

    Answer() = default;
    Answer(const Error& error) : code(error.code()), message(error.message()) {}
    template <class Body>
    [[nodiscard]] static Answer of(const Body& body) {
        Answer answer;
        answer.body = encode(body);
        return answer;
    }
    [[nodiscard]] bool ok() const { return code == Code::ok; }

    // The body as the operation's answer struct, or the error.
    template <class Body>
    [[nodiscard]] Result<Body> as() const {
        if (!ok())
            return Error(code, message);
        return decode<Body>(body);
    }

    bool operator==(const Answer&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(code, message, body);
    }
};

}  // namespace cairn
