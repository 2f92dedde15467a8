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
    // Whether the record speaks of something outside the journal that was made durable with it.
    [[nodiscard]] virtual bool speaks_of_more(const RecordView& record);
    // Whether that is there. Not asked of what is known to have been durable: if it is not there
    // any more, it was damaged since, and that is not for the journal to find.
    virtual Task<bool> more_is_there(const RecordView& record);
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
    ignore,  // known: there is nothing
};

class RingReader {
  public:
    explicit RingReader(RingFile& file);

    // Visits every record of every whole group in order.
    Task<Result<RingEnd>> replay(RecordVisitor& visitor, Tail tail = Tail::judge);
    // The same again, up to where it ended then.
    Task<Result<RingEnd>> replay_until(RecordVisitor& visitor, Sequence end_sequence);

  private:
    // The bytes at [position, position + length), through a window that is read ahead.
    Task<Result<ByteView>> view(uint64_t position, uint64_t length);
    Task<Result<RingEnd>> read_groups(RecordVisitor& visitor, Sequence end_sequence);
    // Whether all is there that the records of a group speak of, or was.
    Task<Result<bool>> is_complete(const std::vector<RecordView>& records, uint64_t behind,
                                   RecordVisitor& visitor);
    // The last group of which any from `position` on says that it was durable.
    Task<Result<Sequence>> durable_according_to(uint64_t position);
    // The group expected at `end`, or nothing where it is not whole.
    Task<Result<std::vector<RecordView>>> next_group(RingEnd& end, RecordVisitor& visitor);
    // Looks at what lies behind the last whole group.
    Task<Result<void>> judge_tail(RingEnd& end);
    [[nodiscard]] Error damaged(Sequence sequence) const;

    RingFile& file_;
    uint64_t limit_;          // the position at which the ring meets its own start
    Sequence known_durable_;  // a group that had been on stable media
    bool searched_ = false;   // for what later groups say of that
    Buffer window_;
    uint64_t window_position_ = 0;
    uint64_t window_length_ = 0;
};

}  // namespace cairn::journal
