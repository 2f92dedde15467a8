#include "journal/ring_journal.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace cairn::journal {

namespace {

// Never set aside for records: so that there is room for a marker, and for recovery after it.
constexpr uint64_t slack = uint64_t{2} * block_size;
constexpr uint64_t images_per_group = 64;  // 64 * (16 + 24) bytes and a header fit one block

}  // namespace

RingJournal::RingJournal(Runtime& runtime, std::unique_ptr<RingFile> file, RingEnd end,
                         RingOptions options)
    : runtime_(runtime),
      file_(std::move(file)),
      options_(std::move(options)),
      tail_(file_->superblock().start_position),
      head_(end.position),
      chain_(end.chain),
      next_(end.sequence),
      first_start_(end.sequence),
      written_(end.sequence - 1),
      durable_(file_->superblock().durable_below - 1),
      space_(runtime.loop),
      work_(runtime.loop),
      written_changed_{Condition(runtime.loop), Condition(runtime.loop)},
      durable_changed_(runtime.loop),
      scope_(runtime.loop) {}

RingJournal::~RingJournal() = default;

Task<Result<void>> RingJournal::start() {
    // What is about to be built upon must not vanish in a power cut: a later session would then
    // follow a group that is not there.
    Result<void> synced = co_await file_->sync();
    if (!synced) {
        fail(synced.error());
        co_return synced.error();
    }
    durable_ = written_;
    Superblock superblock = file_->superblock();
    superblock.session++;
    superblock.durable_below = next_;
    // Before the superblock counts on it; what it held until now is in the ring.
    superblock.staged = options_.staging != nullptr;
    if (options_.staging)
        options_.staging->begin(superblock.ring_id, superblock.session);
    Result<void> updated = co_await file_->update(superblock);
    if (!updated) {
        fail(updated.error());
        co_return updated.error();
    }
    told_durable_ = durable_;
    scope_.spawn(write_groups());
    co_return Result<void>();
}

Task<void> RingJournal::stop() {
    stopping_ = true;
    work_.notify_all();
    co_await scope_.join();
}

void RingJournal::forget_staged() {
    if (options_.staging)
        options_.staging->remove();
}

uint64_t RingJournal::image_space(uint64_t count) {
    if (count == 0)
        return 0;
    return count * block_size +
           ((count + images_per_group - 1) / images_per_group + 1) * block_size;
}

bool RingJournal::fits(uint64_t bytes) const {
    return used() + bytes + slack <= capacity();
}

bool RingJournal::try_reserve(uint64_t bytes) {
    if (failure_ || next_ticket_ != serving_ || !fits(bytes))
        return false;
    reserved_ += bytes;
    return true;
}

bool RingJournal::try_reserve_last(uint64_t bytes) {
    if (failure_ || used() + bytes > capacity())
        return false;
    reserved_ += bytes;
    return true;
}

Task<Result<void>> RingJournal::reserve(uint64_t bytes) {
    if (bytes + slack > capacity())
        co_return Error(Code::too_large, "the journal is too small for such a record");
    const uint64_t ticket = next_ticket_++;
    work_.notify_one();  // what gathers may have set aside more than it takes
    while (!failure_ && (ticket != serving_ || !fits(bytes)))
        co_await space_.wait();
    serving_++;
    space_.notify_all();
    if (failure_)
        co_return *failure_;
    reserved_ += bytes;
    co_return Result<void>();
}

void RingJournal::release(uint64_t bytes) {
    CHECK_NOTE(bytes <= reserved_, "gave back more journal space than was set aside");
    reserved_ -= bytes;
    space_.notify_all();
}

Group& RingJournal::push_group() {
    cut();
    queue_.push_back(pool_.take(next_++));
    queue_.back().opened = runtime_.loop.now();
    return queue_.back();
}

Group& RingJournal::open_group(uint64_t fields_length, const Buffer& payload) {
    if (queue_.empty() || !queue_.back().takes(fields_length, payload.size()))
        return push_group();
    return queue_.back();
}

// What is staged has to continue what the ring holds.
bool RingJournal::may_stage() const {
    return options_.staging != nullptr && unstaged_through_ <= written_;
}

bool RingJournal::stage(const Group& group, uint16_t type, ByteView fields, const Buffer& payload) {
    if (!may_stage() || !options_.staging->add(group.sequence, type, fields, payload.view()))
        return false;
    staged_through_ = group.sequence;
    return true;
}

Sequence RingJournal::append(uint16_t type, ByteView fields, Buffer payload, uint64_t reserved) {
    CHECK_NOTE(!stopping_, "appended to a journal that was stopped");
    Group* group = &open_group(fields.size(), payload);
    if (!stage(*group, type, fields, payload)) {
        // A group is staged as a whole, or not at all.
        if (group->sequence <= staged_through_)
            group = &push_group();
        unstaged_through_ = group->sequence;
    }
    group->reserved += reserved;
    group->add(type, fields, std::move(payload));
    if (group->record_count == 1 || !gathers(*group))
        work_.notify_one();
    return group->sequence;
}

void RingJournal::want_durable() {
    if (!queue_.empty() && !queue_.back().sealed)
        queue_.back().durable_wanted = true;
    work_.notify_one();
}

void RingJournal::push_marker() {
    const Group& group = push_group();
    if (may_stage() && options_.staging->add_empty(group.sequence))
        staged_through_ = group.sequence;
    else
        unstaged_through_ = group.sequence;
}

Sequence RingJournal::mark() {
    push_marker();
    work_.notify_one();
    return queue_.back().sequence;
}

bool RingJournal::gathers(const Group& group) const {
    const uint64_t enough = std::min(options_.gather_bytes, capacity() / 16);
    return group.record_count > 0 && group.sequence <= staged_through_ &&
           group.sequence > wanted_through_ && !group.sealed && !group.durable_wanted &&
           !stopping_ && !has_space_waiters() && group.length() < enough &&
           runtime_.loop.now() < group.opened + options_.gather_delay;
}

void RingJournal::want_written(Sequence sequence) {
    wanted_through_ = std::max(wanted_through_, sequence);
    work_.notify_one();
}

Sequence RingJournal::cut() {
    if (!queue_.empty())
        queue_.back().sealed = true;
    return next_;
}

bool RingJournal::marker_due() const {
    return durable_ > told_durable_ && runtime_.loop.now() >= last_flush_ + options_.marker_delay;
}

Waiter RingJournal::wait_for_work() {
    const bool marker_wanted = durable_ > told_durable_ && fits(0);
    return work_.wait_until(marker_wanted ? last_flush_ + options_.marker_delay : Instant::never());
}

Task<void> RingJournal::write_groups() {
    while (!failure_) {
        if (queue_.empty()) {
            if (stopping_)
                break;
            if (marker_due() && fits(0))
                push_marker();
            else
                co_await wait_for_work();
            continue;
        }
        // References into the deque stay valid while others push to its end.
        Group& group = queue_.front();
        if (gathers(group)) {
            co_await work_.wait_until(group.opened + options_.gather_delay);
            continue;
        }
        group.sealed = true;
        Result<void> written = co_await write_group(group);
        if (!written) {
            fail(written.error());
            break;
        }
        written_ = group.sequence;
        if (options_.staging)
            options_.staging->written(written_);
        pool_.give_back(std::move(group));
        queue_.pop_front();
        written_changed_[written_ & 1].notify_all();
    }
}

Task<Result<void>> RingJournal::write_group(Group& group) {
    GroupHeader header{.ring_id = file_->superblock().ring_id,
                       .session = file_->superblock().session,
                       .sequence = group.sequence,
                       .position = head_,
                       .durable_through = durable_,
                       .chain = chain_,
                       .record_count = group.record_count,
                       .length = static_cast<uint32_t>(group.length()),
                       .meta_length = static_cast<uint32_t>(group.meta_length())};
    CHECK_NOTE(head_ + header.length <= tail_ + capacity(), "the journal wrote over its own start");
    const MutableByteView meta = group.meta.mutable_view().first(header.meta_length);
    encode_group(header, meta);
    if (starts_.empty())
        first_start_ = group.sequence;
    starts_.push_back(head_);
    chains_.push_back(chain_);
    head_ += header.length;
    chain_ = header.header_checksum;
    CHECK(group.reserved <= reserved_);
    reserved_ -= group.reserved;
    space_.notify_all();
    slices_.clear();
    slices_.push_back(meta);
    for (const Buffer& payload : group.payloads)
        slices_.push_back(payload.view());
    const bool durable = durable_by_writing(group);
    CO_TRY(co_await file_->write(header.position, slices_, header.length,
                                 durable ? Keep::durable : Keep::held));
    told_durable_ = std::max(told_durable_, header.durable_through);
    if (durable)
        now_durable(group.sequence);
    co_return Result<void>();
}

// A durable write speaks for itself alone: everything before it has to be durable already, and
// nothing that its records speak of may be on its way.
bool RingJournal::durable_by_writing(const Group& group) const {
    if (!group.durable_wanted || !options_.sync_on_flush)
        return false;
    const bool more =
        options_.sync_more && (!options_.has_more_to_sync || options_.has_more_to_sync());
    const bool in_order = durable_ + 1 == group.sequence && !syncing_ && !more;
    return in_order || !options_.durable_in_order;
}

void RingJournal::now_durable(Sequence sequence) {
    durable_ = std::max(durable_, sequence);
    last_flush_ = runtime_.loop.now();
    durable_changed_.notify_all();
    work_.notify_all();
}

Task<Result<void>> RingJournal::wait_held(Sequence sequence) {
    if (sequence <= staged_through_ && !failure_)
        co_return Result<void>();
    co_return co_await wait_written(sequence);
}

Task<Result<void>> RingJournal::wait_written(Sequence sequence) {
    if (written_ < sequence)
        want_written(sequence);
    while (!failure_ && written_ < sequence)
        co_await written_changed_[sequence & 1].wait();
    if (written_ < sequence)
        co_return *failure_;
    co_return Result<void>();
}

Task<Result<void>> RingJournal::flush_through(Sequence sequence) {
    if (!queue_.empty() && queue_.back().sequence == sequence)
        want_durable();
    CO_TRY(co_await wait_written(sequence));
    while (!failure_ && durable_ < sequence) {
        if (syncing_) {
            co_await durable_changed_.wait();
            continue;
        }
        syncing_ = true;
        const Sequence covered = written_;
        Result<void> synced;
        if (options_.sync_on_flush)
            synced = co_await sync_all();
        syncing_ = false;
        if (!synced) {
            fail(synced.error());
            break;
        }
        now_durable(covered);
    }
    if (failure_)
        co_return *failure_;
    co_return Result<void>();
}

Task<Result<void>> RingJournal::sync_all() {
    if (options_.sync_more)
        CO_TRY(co_await options_.sync_more());
    co_return co_await file_->sync();
}

Task<Result<void>> RingJournal::flush_and_tell(Sequence sequence, uint64_t reserved) {
    CO_TRY(co_await flush_through(sequence));
    const Sequence marker = mark();
    queue_.back().reserved = reserved;
    co_return co_await flush_through(marker);
}

Task<Result<void>> RingJournal::trim(Sequence first_kept) {
    if (failure_)
        co_return *failure_;
    Superblock superblock = file_->superblock();
    if (first_kept <= superblock.start_sequence)
        co_return Result<void>();
    CHECK_NOTE(first_kept <= written_ + 1, "trimmed what is not written yet");
    CHECK_NOTE(first_kept >= first_start_, "what was replayed is trimmed as a whole");
    const size_t dropped = first_kept - first_start_;
    CHECK(dropped <= starts_.size());
    superblock.start_sequence = first_kept;
    superblock.start_position = dropped < starts_.size() ? starts_[dropped] : head_;
    superblock.start_chain = dropped < chains_.size() ? chains_[dropped] : chain_;
    superblock.durable_below = std::max(durable_ + 1, first_kept);
    Result<void> updated = co_await file_->update(superblock);
    if (!updated) {
        fail(updated.error());
        co_return updated.error();
    }
    starts_.erase(starts_.begin(), starts_.begin() + static_cast<ptrdiff_t>(dropped));
    chains_.erase(chains_.begin(), chains_.begin() + static_cast<ptrdiff_t>(dropped));
    first_start_ = first_kept;
    told_durable_ = std::max(told_durable_, superblock.durable_below - 1);
    tail_ = superblock.start_position;
    space_.notify_all();
    co_return Result<void>();
}

void RingJournal::fail(const Error& error) {
    if (!failure_)
        failure_ = error.with_context("the journal " + file_->path() + " failed");
    space_.notify_all();
    work_.notify_all();
    written_changed_[0].notify_all();
    written_changed_[1].notify_all();
    durable_changed_.notify_all();
}

}  // namespace cairn::journal
