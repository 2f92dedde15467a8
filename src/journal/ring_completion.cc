#include "journal/ring_completion.h"

#include <algorithm>

#include "base/check.h"
#include "journal/ring_group.h"

namespace cairn::journal {

namespace {

class Completer {
  public:
    Completer(RingFile& file, RingEnd end, RecordVisitor& verifier)
        : file_(file), end_(end), verifier_(verifier) {}

    Task<Result<void>> add(StagedRecord record);
    Task<Result<void>> finish();
    [[nodiscard]] const Completion& outcome() const { return outcome_; }

  private:
    [[nodiscard]] bool is_intact(const StagedRecord& record);
    Task<Result<void>> write();

    RingFile& file_;
    RingEnd end_;  // where the group that is gathered goes
    RecordVisitor& verifier_;
    GroupPool pool_;
    std::optional<Group> group_;
    Completion outcome_;
};

bool Completer::is_intact(const StagedRecord& record) {
    return record.is_empty_group || verifier_.is_intact({.type = record.type,
                                                         .fields = record.fields,
                                                         .payload = record.payload.view(),
                                                         .group = record.group,
                                                         .index = 0});
}

Task<Result<void>> Completer::add(StagedRecord record) {
    if (outcome_.anything_lost || record.group < end_.sequence)
        co_return Result<void>();
    if (group_ && record.group != group_->sequence)
        CO_TRY(co_await write());
    const bool follows = record.group == end_.sequence && is_intact(record);
    const bool fits = !group_ || group_->takes(record.fields.size(), record.payload.size());
    if (!follows || !fits) {
        outcome_.anything_lost = true;
        co_return Result<void>();
    }
    if (!group_)
        group_ = pool_.take(record.group);
    if (!record.is_empty_group)
        group_->add(record.type, record.fields, std::move(record.payload));
    co_return Result<void>();
}

// What was lost may have belonged to the group that is gathered.
Task<Result<void>> Completer::finish() {
    if (group_ && !outcome_.anything_lost)
        CO_TRY(co_await write());
    co_return Result<void>();
}

Task<Result<void>> Completer::write() {
    const Superblock& superblock = file_.superblock();
    Group group = std::move(*group_);
    group_.reset();
    GroupHeader header{.ring_id = superblock.ring_id,
                       .session = superblock.session,
                       .sequence = group.sequence,
                       .position = end_.position,
                       .durable_through = superblock.durable_below - 1,
                       .chain = end_.chain,
                       .record_count = group.record_count,
                       .length = static_cast<uint32_t>(group.length()),
                       .meta_length = static_cast<uint32_t>(group.meta_length())};
    if (end_.position + header.length > superblock.start_position + superblock.capacity)
        co_return Error(Code::corrupt, "what was held in memory does not fit the journal");
    const MutableByteView meta = group.meta.mutable_view().first(header.meta_length);
    encode_group(header, meta);
    std::vector<ByteView> slices{meta};
    slices.reserve(1 + group.payloads.size());
    for (const Buffer& payload : group.payloads)
        slices.push_back(payload.view());
    CO_TRY(co_await file_.write(header.position, slices, header.length));
    end_.position += header.length;
    end_.sequence++;
    end_.chain = header.header_checksum;
    outcome_.groups++;
    pool_.give_back(std::move(group));
    co_return Result<void>();
}

}  // namespace

Task<Result<Completion>> complete_ring(RingFile& file, std::vector<StagedRecord> records,
                                       RecordVisitor& verifier) {
    RingReader reader(file);
    Result<RingEnd> end = co_await reader.replay(verifier, Tail::ignore);
    if (!end)
        co_return end.error();
    Completer completer(file, *end, verifier);
    for (StagedRecord& record : records)
        CO_TRY(co_await completer.add(std::move(record)));
    CO_TRY(co_await completer.finish());
    co_return completer.outcome();
}

}  // namespace cairn::journal
