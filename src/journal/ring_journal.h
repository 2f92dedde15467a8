// RingJournal: an append-only log with group commit in a preallocated ring. Whoever appends owns
// the meaning of the records; the journal decides when they reach the disk: all that was appended
// while one group was being written goes out as the next, in one direct write. An append is *held*
// when its group is written, *durable* after a flush. Space in front is given back by trim().
// With a staging area an append is held at once, if there is room; groups then gather for a while.
//
// A failed write or sync is final: every call fails with the same error from then on.
// Belongs to one loop. It never interprets a record and never reads what it wrote.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "journal/ring_file.h"
#include "journal/ring_format.h"
#include "journal/ring_group.h"
#include "journal/ring_reader.h"
#include "journal/staging_area.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn::journal {

struct RingOptions {
    // How long the last flushed group may be without a later one that says it was durable.
    Duration marker_delay = milliseconds(20);
    // Where appends are held until their group is written; none: there. And what such a group
    // gathers, unless somebody waits for it.
    std::unique_ptr<StagingArea> staging;
    uint64_t gather_bytes = 256 * kib;
    Duration gather_delay = milliseconds(4);
    // Off only to see the tests catch it.
    bool sync_on_flush = true;
    bool durable_in_order = true;
    // Makes durable whatever records speak of outside the journal, before they count as durable.
    // What was written there before the record was appended. May be empty.
    std::function<Task<Result<void>>()> sync_more;
    // Whether there is anything of that. May be empty: there is.
    std::function<bool()> has_more_to_sync;
};

class RingJournal {
  public:
    // `file` was replayed up to `end`. Nothing is written before start().
    RingJournal(Runtime& runtime, std::unique_ptr<RingFile> file, RingEnd end, RingOptions options);
    ~RingJournal();

    // Makes what was replayed durable, and opens a session that continues it.
    Task<Result<void>> start();
    // Writes an empty group, which takes the place of whatever an older session left behind the
    // end, so that the next start does not take that for a torn tail. Wanted once the ring is
    // empty.
    Sequence mark();
    // Writes what was appended and ends. Called once, after start(); nothing is appended after it.
    Task<void> stop();

    // Space for one record, alone in its group at the worst.
    [[nodiscard]] static constexpr uint64_t record_space(uint64_t fields, uint64_t payload) {
        return align_up(group_header_size + record_meta_size(fields), block_size) + payload;
    }
    // Space for `count` records of one block of payload each and short fields, appended at once.
    [[nodiscard]] static uint64_t image_space(uint64_t count);

    // Sets space aside, waiting until there is some; first come, first served. What is set aside is
    // used up by append() or given back by release().
    Task<Result<void>> reserve(uint64_t bytes);
    [[nodiscard]] bool try_reserve(uint64_t bytes);
    // For recovery, which has to get by with what is left: takes the last blocks, too, that are
    // kept for markers otherwise.
    [[nodiscard]] bool try_reserve_last(uint64_t bytes);
    void release(uint64_t bytes);

    // Appends without suspending, so that the caller can change its own state in the same step and
    // in the same order. `reserved` is what was set aside for it: at least record_space(), or a
    // part of image_space(). The payload is whole blocks at multiples of 4 KiB in memory, and does
    // not change until the append is held.
    Sequence append(uint16_t type, ByteView fields, Buffer payload, uint64_t reserved);
    // Somebody is going to wait for the durability of what was appended last: its group may be
    // written so, which spares the sync.
    void want_durable();
    // The next append goes into a group of its own or a later one; returns that group's sequence.
    Sequence cut();

    Task<Result<void>> wait_held(Sequence sequence);
    // In the ring itself.
    Task<Result<void>> wait_written(Sequence sequence);
    // Everything held before the call is on stable media after it. Flushes at the same time share
    // a sync.
    Task<Result<void>> flush() { return flush_through(held_through()); }
    // The same for all up to `sequence`, waiting for it to be written first.
    Task<Result<void>> flush_through(Sequence sequence);
    // And the ring itself says so, durably, from then on. Takes `reserved` bytes set aside before,
    // a block.
    Task<Result<void>> flush_and_tell(Sequence sequence, uint64_t reserved);

    // Nothing before group `first_kept` is needed any more; durable when it returns.
    Task<Result<void>> trim(Sequence first_kept);

    // After stop(), when nothing is left for the next start to do.
    void forget_staged();

    [[nodiscard]] Sequence held_through() const { return std::max(written_, staged_through_); }
    [[nodiscard]] Sequence durable_through() const { return durable_; }
    [[nodiscard]] uint64_t capacity() const { return file_->capacity(); }
    // Written or set aside.
    [[nodiscard]] uint64_t used() const { return head_ - tail_ + reserved_; }
    [[nodiscard]] bool has_space_waiters() const { return next_ticket_ != serving_; }
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    Task<void> write_groups();
    Task<Result<void>> write_group(Group& group);
    [[nodiscard]] bool durable_by_writing(const Group& group) const;
    void now_durable(Sequence sequence);
    Task<Result<void>> sync_all();
    Waiter wait_for_work();
    [[nodiscard]] bool marker_due() const;
    Group& open_group(uint64_t fields_length, const Buffer& payload);
    Group& push_group();
    void push_marker();
    // Whether the staging area took it; else it is held when its group is written.
    bool stage(const Group& group, uint16_t type, ByteView fields, const Buffer& payload);
    [[nodiscard]] bool may_stage() const;
    [[nodiscard]] bool gathers(const Group& group) const;
    void want_written(Sequence sequence);
    [[nodiscard]] bool fits(uint64_t bytes) const;
    void fail(const Error& error);

    Runtime& runtime_;
    std::unique_ptr<RingFile> file_;
    RingOptions options_;

    uint64_t tail_;  // positions: the ring holds [tail_, head_)
    uint64_t head_;
    uint64_t chain_;
    uint64_t reserved_ = 0;
    Sequence next_;         // of the next group to be opened
    Sequence first_start_;  // whose position is the first in starts_
    std::deque<uint64_t> starts_;
    std::deque<uint64_t> chains_;  // what each of these follows
    Sequence written_;
    Sequence staged_through_ = 0;
    Sequence unstaged_through_ = 0;  // the last group of which something is not staged
    Sequence wanted_through_ = 0;    // somebody waits until it is written
    Sequence durable_;
    Sequence told_durable_ = 0;  // what a group or the superblock says of it
    Instant last_flush_;

    std::deque<Group> queue_;  // the last may be open, the first may be being written
    GroupPool pool_;
    std::vector<ByteView> slices_;
    bool syncing_ = false;
    bool stopping_ = false;
    std::optional<Error> failure_;

    uint64_t next_ticket_ = 0;
    uint64_t serving_ = 0;
    Condition space_;
    Condition work_;
    Condition
        written_changed_[2];  // by the parity of the group: its waiters wake, the next one's do not
    Condition durable_changed_;
    Scope scope_;
};

}  // namespace cairn::journal
