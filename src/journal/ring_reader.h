// Reads a journal from its start to its end, group by group, and decides what the end is: nothing
// more was written, a tail that a crash tore (cut off), or damage to what had been durable (an
// error).
#pragma once

#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "journal/ring_file.h"
#include "journal/ring_format.h"
#include "runtime/task.h"

namespace cairn::journal {

// What the owner of the records does with them. Views are valid during the call only.
class RecordVisitor {
  public:
    virtual ~RecordVisitor() = default;
    // Whether the payload is what the record says, by the checksums in it. The records themselves
    // have been verified.
    [[nodiscard]] virtual bool is_intact(const RecordView& record) = 0;
    virtual Task<Result<void>> visit(const RecordView& record) = 0;
};

struct RingEnd {
    uint64_t position = 0;  // where the next group goes
    Sequence sequence = 1;  // that it will have
    uint64_t chain = 0;     // and the header checksum that it follows
    bool cut = false;       // there was more, and it was torn

    bool operator==(const RingEnd&) const = default;
};

// What to make of whatever lies behind the last whole group.
enum class Tail : uint8_t {
    judge,   // reads the rest of the ring: a torn tail, damage, or nothing
    ignore,  // known: there is nothing, or it was judged before
};

class RingReader {
  public:
    explicit RingReader(RingFile& file);

    // Visits every record of every whole group in order.
    Task<Result<RingEnd>> replay(RecordVisitor& visitor, Tail tail = Tail::judge);

  private:
    // The bytes at [position, position + length), through a window that is read ahead.
    Task<Result<ByteView>> view(uint64_t position, uint64_t length);
    // The group expected at `end`, or nothing where it is not whole.
    Task<Result<std::vector<RecordView>>> next_group(RingEnd& end, RecordVisitor& visitor);
    // Looks at what lies behind the last whole group.
    Task<Result<void>> judge_tail(RingEnd& end);
    [[nodiscard]] Error damaged(Sequence sequence) const;

    RingFile& file_;
    uint64_t limit_;  // the position at which the ring meets its own start
    Buffer window_;
    uint64_t window_position_ = 0;
    uint64_t window_length_ = 0;
};

}  // namespace cairn::journal
