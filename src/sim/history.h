// History: every read, write and flush that the clients of a simulated cluster did, and the check
// that some order of them explains what was read (I1, I2, I6). Each write of a block carries a
// value that no other write carries, which makes the check linear: per block, all operations on one
// value form a zone in time, and zones must not cut through each other.
//
// Power cuts: what was written but not flushed may be taken back when every replica in sync lost
// power. The cluster's harness says when that may be so (may_forget); the block then goes on from
// one of the values allowed at that time. Pure; times are the simulator's.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace cairn::sim {

// A block of a file, by its index in the file.
struct BlockKey {
    FileId file;
    uint64_t block = 0;
    auto operator<=>(const BlockKey&) const = default;
};

// 0 stands for "zeros", which every block holds before its first write, and after a trim. A trim is
// a write, too; its value only tells which one it was, and is read as 0.
using BlockValue = uint64_t;
constexpr BlockValue trim_bit = 1ULL << 63;

class History {
  public:
    using OperationId = size_t;

    // `writer` names one open of the file: only its own flushes cover the write.
    OperationId begin_write(BlockKey key, BlockValue value, uint64_t writer, Instant now);
    // It completed. A write that never ends, or failed, may take effect at any later time, or
    // never.
    void end_write(OperationId id, Instant now);
    // It completed, and is kept: as if a flush of its own had followed.
    void end_durable_write(OperationId id, Instant now);
    // Its writer was fenced: it has taken effect before `now`, or never will (I5).
    void abandon_write(OperationId id, Instant now);
    // Its writer had been fenced before it began: it never takes effect (I5).
    void forbid_write(OperationId id);
    // The fenced writer was told that it is done: it has taken effect.
    void confirm_abandoned(OperationId id);
    OperationId begin_read(BlockKey key, uint64_t reader, Instant now);
    void end_read(OperationId id, BlockValue value, Instant now);
    // A flush that completed: what its writer had written when it began is kept.
    void flushed(FileId file, uint64_t writer, Instant began, Instant ended);
    // Every replica in sync may have lost what was not flushed by `now`.
    void may_forget(BlockKey key, Instant now);
    // The same for every block of `file` in [first_block, first_block + count).
    void may_forget(FileId file, uint64_t first_block, uint64_t count, Instant now);

    // Explains the first block for which no order of its operations exists, with all that was done
    // to the block, a line each; nothing if all is well.
    [[nodiscard]] std::optional<std::string> check() const;
    [[nodiscard]] size_t operations() const { return operations_.size(); }
    [[nodiscard]] size_t reads_checked() const;

  private:
    enum class Kind : uint8_t { write, read };
    struct Operation {
        Kind kind;
        BlockKey key;
        BlockValue value;
        Instant began;
        Instant ended;  // never() while it has not
        bool abandoned = false;
        bool forbidden = false;
        uint64_t open = 0;  // which open of the file it came through
        bool durable = false;
    };
    struct Flush {
        uint64_t writer;
        Instant began;
        Instant ended;
    };
    struct Zone;
    // The time between two forgets, and what the block may hold when it begins.
    struct Stretch {
        Instant begin;
        Instant end;
        std::set<BlockValue> allowed;
    };
    using Zones = std::map<BlockValue, Zone>;
    struct BlockLog {
        std::vector<OperationId> operations;
        std::vector<Instant> forgets;
    };
    [[nodiscard]] std::optional<std::string> check_block(const BlockKey& key,
                                                         const BlockLog& log) const;
    [[nodiscard]] std::optional<std::string> find_forbidden(const BlockLog& log) const;
    [[nodiscard]] Zones zones_of_writes(const BlockLog& log, const Stretch& stretch) const;
    [[nodiscard]] std::optional<std::string> add_reads(const BlockLog& log, const Stretch& stretch,
                                                       Zones& zones) const;
    // What a read that saw zeros may have seen.
    [[nodiscard]] std::set<BlockValue> zeros_seen(const BlockLog& log, const Stretch& stretch,
                                                  const Operation& read) const;
    [[nodiscard]] std::set<BlockValue> allowed_after(const BlockLog& log,
                                                     const Stretch& stretch) const;
    [[nodiscard]] std::string story_of(const BlockKey& key, const BlockLog& log) const;
    [[nodiscard]] bool was_flushed(const Operation& write) const;

    std::vector<Operation> operations_;
    std::map<BlockKey, BlockLog> blocks_;
    std::map<FileId, std::vector<Flush>> flushes_;
};

}  // namespace cairn::sim
