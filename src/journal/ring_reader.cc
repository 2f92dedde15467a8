#include "journal/ring_reader.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::journal {

namespace {

constexpr uint64_t window_size = 1 * mib;

}  // namespace

bool RecordVisitor::speaks_of_more(const RecordView& record) {
    static_cast<void>(record);
    return false;
}

Task<bool> RecordVisitor::more_is_there(const RecordView& record) {
    static_cast<void>(record);
    co_return true;
}

RingReader::RingReader(RingFile& file)
    : file_(file),
      limit_(file.superblock().start_position + file.capacity()),
      known_durable_(file.superblock().durable_below - 1) {}

Task<Result<ByteView>> RingReader::view(uint64_t position, uint64_t length) {
    const bool inside =
        position >= window_position_ && position + length <= window_position_ + window_length_;
    if (!inside) {
        const uint64_t wanted = std::min(std::max(length, window_size), limit_ - position);
        if (window_.size() < wanted)
            window_ = Buffer::allocate(wanted);
        window_length_ = 0;
        Result<void> read = co_await file_.read(position, window_.mutable_view().first(wanted));
        if (!read)
            co_return read.error().with_context(file_.path());
        window_position_ = position;
        window_length_ = wanted;
    }
    co_return window_.view().subspan(position - window_position_, length);
}

Task<Result<std::vector<RecordView>>> RingReader::next_group(RingEnd& end, RecordVisitor& visitor) {
    const Error not_whole(Code::not_found, "no whole group");
    if (end.position + block_size > limit_)
        co_return not_whole;
    Result<ByteView> block = co_await view(end.position, block_size);
    if (!block)
        co_return block.error();
    const Result<GroupHeader> header = decode_group_header(*block, file_.superblock().ring_id);
    if (!header || header->sequence != end.sequence || header->position != end.position ||
        header->chain != end.chain || end.position + header->length > limit_)
        co_return not_whole;
    Result<ByteView> group = co_await view(end.position, header->length);
    if (!group)
        co_return group.error();
    Result<std::vector<RecordView>> records = decode_records(*header, *group);
    if (!records)
        co_return not_whole;
    for (const RecordView& record : *records) {
        if (!visitor.is_intact(record))
            co_return not_whole;
    }
    Result<bool> complete = co_await is_complete(*records, end.position + header->length, visitor);
    if (!complete)
        co_return complete.error();
    if (!*complete)
        co_return not_whole;
    end.position += header->length;
    end.sequence++;
    end.chain = header->header_checksum;
    co_return records;
}

Task<Result<bool>> RingReader::is_complete(const std::vector<RecordView>& records, uint64_t behind,
                                           RecordVisitor& visitor) {
    for (const RecordView& record : records) {
        if (record.group <= known_durable_ || !visitor.speaks_of_more(record))
            continue;
        const bool there = co_await visitor.more_is_there(record);
        if (there)
            continue;
        if (!searched_) {
            RingReader other(file_);  // this one's window is in use
            Result<Sequence> durable = co_await other.durable_according_to(behind);
            if (!durable)
                co_return durable.error();
            known_durable_ = std::max(known_durable_, *durable);
            searched_ = true;
        }
        if (record.group > known_durable_)
            co_return false;
    }
    co_return true;
}

Task<Result<Sequence>> RingReader::durable_according_to(uint64_t position) {
    const Superblock& superblock = file_.superblock();
    Sequence durable = superblock.durable_below - 1;
    for (uint64_t at = position; at + block_size <= limit_; at += block_size) {
        Result<ByteView> block = co_await view(at, block_size);
        if (!block)
            co_return block.error();
        const Result<GroupHeader> header = decode_group_header(*block, superblock.ring_id);
        if (header && header->session == superblock.session && header->position == at)
            durable = std::max(durable, header->durable_through);
    }
    co_return durable;
}

Task<Result<RingEnd>> RingReader::read_groups(RecordVisitor& visitor, Sequence end_sequence) {
    const Superblock& superblock = file_.superblock();
    RingEnd end{.position = superblock.start_position,
                .sequence = superblock.start_sequence,
                .chain = superblock.start_chain};
    while (end.sequence < end_sequence) {
        Result<std::vector<RecordView>> records = co_await next_group(end, visitor);
        if (!records) {
            if (records.code() != Code::not_found)
                co_return records.error();
            break;
        }
        for (const RecordView& record : *records)
            CO_TRY(co_await visitor.visit(record));
    }
    co_return end;
}

Task<Result<RingEnd>> RingReader::replay(RecordVisitor& visitor, Tail tail) {
    Result<RingEnd> end = co_await read_groups(visitor, UINT64_MAX);
    if (!end)
        co_return end;
    if (end->sequence < file_.superblock().durable_below)
        co_return damaged(end->sequence);
    if (tail == Tail::judge)
        CO_TRY(co_await judge_tail(*end));
    co_return end;
}

Task<Result<RingEnd>> RingReader::replay_until(RecordVisitor& visitor, Sequence end_sequence) {
    co_return co_await read_groups(visitor, end_sequence);
}

Task<Result<void>> RingReader::judge_tail(RingEnd& end) {
    const Superblock& superblock = file_.superblock();
    for (uint64_t at = end.position; at + block_size <= limit_; at += block_size) {
        Result<ByteView> block = co_await view(at, block_size);
        if (!block)
            co_return block.error();
        const Result<GroupHeader> header = decode_group_header(*block, superblock.ring_id);
        if (!header) {
            end.cut |=
                at == end.position && resembles_group(*block, superblock.ring_id, end.sequence);
            continue;
        }
        // What older sessions left behind was judged when they ended.
        if (header->session != superblock.session || header->position != at ||
            header->sequence < end.sequence)
            continue;
        end.cut = true;
        if (header->durable_through >= end.sequence)
            co_return damaged(end.sequence);
    }
    co_return Result<void>();
}

Error RingReader::damaged(Sequence sequence) const {
    return {Code::corrupt,
            fmt::format("{}: group {} is damaged, and it had been on stable media; remove this "
                        "chunk server and let its data be rebuilt from the other replicas",
                        file_.path(), sequence)};
}

}  // namespace cairn::journal
