#include "meta/node/log_format.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/core.h>

#include "base/checksum.h"
#include "base/size.h"
#include "raft/codec.h"

namespace cairn::meta {

namespace {

constexpr uint64_t segment_magic = 0x314C4D4E52494143ULL;  // "CAIRNML1"
constexpr uint32_t group_magic = 0x474C4D43;               // "CMLG"
constexpr uint32_t segment_format = 1;
constexpr uint16_t group_format = 1;
constexpr uint16_t flag_snapshot = 1;
constexpr size_t group_header_size = 40;
constexpr size_t checksum_offset = log_sector_size - 8;
constexpr size_t sectors_per_block = block_size / log_sector_size;

template <class Number>
Number number_at(ByteView bytes, size_t offset) {
    Number value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}
template <class Number>
void put_at(MutableByteView bytes, size_t offset, Number value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

uint64_t sector_seed(uint64_t owner_seed, uint64_t file_offset) {
    return owner_seed + (file_offset / log_sector_size + 1) * 0x9E3779B97F4A7C15ULL;
}

uint64_t sectors_of(uint64_t content) {
    return align_up((content + log_sector_content - 1) / log_sector_content, sectors_per_block);
}

uint64_t group_checksum(ByteView content) {
    return checksum(content.subspan(group_header_size), checksum(content.first(32)));
}

Bytes content_of(LogSequence sequence, uint64_t chain, const raft::HardState& hard_state,
                 const std::optional<raft::SnapshotMeta>& snapshot,
                 const std::vector<raft::Entry>& entries) {
    Bytes content;
    ByteWriter out(content);
    out.put(group_magic);
    out.put(group_format);
    out.put(snapshot ? flag_snapshot : uint16_t{0});
    out.put(sequence);
    out.put(uint32_t{0});
    out.put(static_cast<uint32_t>(entries.size()));
    out.put(chain);
    out.put(uint64_t{0});
    raft::put_hard_state(out, hard_state);
    if (snapshot)
        raft::put_snapshot_meta(out, *snapshot);
    for (const raft::Entry& entry : entries)
        raft::put_entry(out, entry);
    put_at(content, 16, static_cast<uint32_t>(content.size()));
    put_at(content, 32, group_checksum(content));
    return content;
}

// The content is whole: every sector of it verified.
Result<LogGroup> decode_group(ByteView content, LogSequence sequence, uint64_t chain) {
    const Error bad(Code::corrupt, "the group's content does not verify");
    LogGroup group;
    ByteReader in(content);
    const auto magic = in.read<uint32_t>();
    const auto format = in.read<uint16_t>();
    const auto flags = in.read<uint16_t>();
    in.get(group.sequence);
    const auto length = in.read<uint32_t>();
    const auto count = in.read<uint32_t>();
    in.get(group.chain);
    in.get(group.checksum);
    if (magic != group_magic || length != content.size() || group.sequence != sequence)
        return bad;
    if (group.checksum != group_checksum(content))
        return bad;
    if (format != group_format)
        return Error(Code::version_mismatch, "the group was written by a newer program");
    if (group.chain != chain)
        return Error(Code::corrupt, "the group does not follow the one before it");
    group.hard_state = raft::get_hard_state(in);
    if ((flags & flag_snapshot) != 0)
        group.snapshot = raft::get_snapshot_meta(in);
    for (uint32_t i = 0; i < count && in.ok(); i++)
        group.entries.push_back(raft::get_entry(in));
    if (!in.finished())
        return bad;
    return group;
}

enum class SectorKind : uint8_t { zero, whole, damaged };

struct Sector {
    SectorKind kind;
    LogSequence sequence;
};

// Walks one segment; every method looks at bytes and changes only the result.
class SegmentReader {
  public:
    SegmentReader(ByteView file, const SegmentHeader& header, std::optional<LogSequence> until,
                  const LogStoreRules& rules)
        : file_(file), seed_(header.owner.seed()), until_(until), rules_(rules) {
        content_.end = block_size;
        content_.next_sequence = header.first_sequence;
        content_.next_chain = header.first_chain;
    }

    Result<SegmentContent> read() {
        while (!until_ || content_.next_sequence < *until_) {
            Result<bool> another = read_group();
            if (!another && !rules_.tell_damage_from_tear && !until_)
                another = false;
            if (!another)
                return another.error();
            if (!*another)
                break;
        }
        if (until_) {
            if (content_.next_sequence != *until_)
                return damage(content_.end, "a group is missing");
            return std::move(content_);
        }
        if (rules_.tell_damage_from_tear)
            TRY(check_tail());
        return std::move(content_);
    }

  private:
    [[nodiscard]] Error damage(uint64_t offset, std::string_view what) const {
        return {Code::corrupt, fmt::format("at offset {}: {} (group {} was expected here)", offset,
                                           what, content_.next_sequence)};
    }

    [[nodiscard]] Sector look_at(uint64_t offset) const {
        const ByteView sector = file_.subspan(offset, log_sector_size);
        if (std::ranges::all_of(sector, [](std::byte b) { return b == std::byte{}; }))
            return {SectorKind::zero, 0};
        const uint64_t sum = checksum(sector.first(checksum_offset), sector_seed(seed_, offset));
        const auto sequence = number_at<LogSequence>(sector, log_sector_content);
        if (sum != number_at<uint64_t>(sector, checksum_offset))
            return {SectorKind::damaged, 0};
        return {SectorKind::whole, sequence};
    }

    [[nodiscard]] bool is_old(const Sector& sector) const {
        return sector.kind == SectorKind::zero ||
               (sector.kind == SectorKind::whole && sector.sequence < content_.next_sequence);
    }
    [[nodiscard]] bool is_expected(const Sector& sector) const {
        return sector.kind == SectorKind::whole && sector.sequence == content_.next_sequence;
    }

    // Some sector there is still what it was before, so that no group that lies over them all was
    // ever written as a whole.
    [[nodiscard]] bool any_is_old(uint64_t start, uint64_t sectors) const {
        for (uint64_t i = 0; i < sectors; i++) {
            if (is_old(look_at(start + i * log_sector_size)))
                return true;
        }
        return false;
    }

    // False at the end of the log: nothing more, or a tear.
    Result<bool> read_group() {
        const uint64_t start = content_.end;
        if (start + block_size > file_.size())
            return false;
        const Sector first = look_at(start);
        // A group takes whole blocks, whatever its length.
        if (is_old(first) ||
            (first.kind == SectorKind::damaged && any_is_old(start, sectors_per_block)))
            return false;
        if (!is_expected(first))
            return damage(start, first.kind == SectorKind::damaged
                                     ? "a sector is damaged"
                                     : "a later group stands where an earlier one is missing");
        // The first sector is whole, so that its length is what was written.
        const auto length = number_at<uint32_t>(file_, start + 16);
        const uint64_t sectors = sectors_of(length);
        if (length < group_header_size || start + sectors * log_sector_size > file_.size())
            return damage(start, "a group has an impossible length");
        if (any_is_old(start, sectors))
            return false;
        Bytes content;
        content.reserve(sectors * log_sector_content);
        for (uint64_t i = 0; i < sectors; i++) {
            const uint64_t at = start + i * log_sector_size;
            const Sector sector = look_at(at);
            if (!is_expected(sector))
                return damage(at, "a sector is damaged");
            const ByteView part = file_.subspan(at, log_sector_content);
            content.insert(content.end(), part.begin(), part.end());
        }
        content.resize(length);
        Result<LogGroup> group = decode_group(content, content_.next_sequence, content_.next_chain);
        if (!group)
            return Error(group.code(), damage(start, group.error().message()).message());
        content_.next_sequence++;
        content_.next_chain = group->checksum;
        content_.end = start + sectors * log_sector_size;
        content_.groups.push_back(std::move(*group));
        return true;
    }

    // It does not verify here, but is too much for the rot of something older: it may be what the
    // disk should have put elsewhere.
    [[nodiscard]] bool may_be_misplaced(uint64_t offset) const {
        const ByteView content = file_.subspan(offset, log_sector_content);
        const bool empty =
            std::ranges::all_of(content, [](std::byte b) { return b == std::byte{}; });
        return !empty &&
               number_at<LogSequence>(file_, offset + log_sector_content) >= content_.next_sequence;
    }

    // Behind the end there may be parts of a group that was never acknowledged, and rot of zeros or
    // of older groups, which harms nobody: nothing is written into this segment any more. Whatever
    // may be of this group or a later one shows that what was to stand here had been acknowledged.
    Result<void> check_tail() {
        for (uint64_t at = content_.end; at + log_sector_size <= file_.size();
             at += log_sector_size) {
            const Sector sector = look_at(at);
            if (is_old(sector))
                continue;
            if (sector.kind == SectorKind::damaged && may_be_misplaced(at))
                return damage(at, "a sector behind the end of the log is damaged");
            if (sector.kind == SectorKind::whole && !is_expected(sector))
                return damage(at, "a later group stands behind one that is missing");
            content_.torn = true;
        }
        return {};
    }

    ByteView file_;
    uint64_t seed_;
    std::optional<LogSequence> until_;
    const LogStoreRules& rules_;
    SegmentContent content_;
};

}  // namespace

uint64_t LogOwner::seed() const {
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(cluster);
    out.put(mds);
    return checksum(bytes);
}

Buffer encode_segment_header(const SegmentHeader& header) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(segment_magic);
    out.put(segment_format);
    out.put(header.owner.mds);
    out.put(header.owner.cluster);
    out.put(header.number);
    out.put(header.size);
    out.put(header.first_sequence);
    out.put(header.first_chain);
    raft::put_hard_state(out, header.hard_state);
    out.put_zeros(checksum_offset - out.size());
    out.put(checksum(bytes));
    Buffer block = Buffer::zeroed(block_size);
    std::ranges::copy(bytes, block.mutable_view().begin());
    return block;
}

Result<SegmentHeader> decode_segment_header(ByteView block, const LogOwner& owner) {
    if (block.size() < log_sector_size ||
        checksum(block.first(checksum_offset)) != number_at<uint64_t>(block, checksum_offset))
        return Error(Code::corrupt, "the header is damaged");
    SegmentHeader header;
    ByteReader in(block.first(log_sector_size));
    const auto magic = in.read<uint64_t>();
    const auto format = in.read<uint32_t>();
    in.get(header.owner.mds);
    in.get(header.owner.cluster);
    in.get(header.number);
    in.get(header.size);
    in.get(header.first_sequence);
    in.get(header.first_chain);
    header.hard_state = raft::get_hard_state(in);
    if (magic != segment_magic)
        return Error(Code::corrupt, "this is not a segment of a metadata log");
    if (format != segment_format)
        return Error(Code::version_mismatch, "the segment was written by a newer program");
    if (header.owner.cluster != owner.cluster || header.owner.mds != owner.mds)
        return Error(Code::wrong_cluster,
                     fmt::format("the segment belongs to MDS#{} of cluster {}, this repository to "
                                 "MDS#{} of cluster {}",
                                 header.owner.mds.number, to_string(header.owner.cluster),
                                 owner.mds.number, to_string(owner.cluster)));
    if (!in.ok() || header.first_sequence == 0 || header.size % block_size != 0)
        return Error(Code::corrupt, "the header makes no sense");
    return header;
}

uint64_t size_of_group(const raft::HardState& hard_state,
                       const std::optional<raft::SnapshotMeta>& snapshot,
                       const std::vector<raft::Entry>& entries) {
    Bytes fixed;
    ByteWriter out(fixed);
    raft::put_hard_state(out, hard_state);
    if (snapshot)
        raft::put_snapshot_meta(out, *snapshot);
    uint64_t content = group_header_size + fixed.size();
    for (const raft::Entry& entry : entries)
        content += raft::size_of(entry);
    return sectors_of(content) * log_sector_size;
}

EncodedGroup encode_group(const LogOwner& owner, uint64_t offset, LogSequence sequence,
                          uint64_t chain, const raft::HardState& hard_state,
                          const std::optional<raft::SnapshotMeta>& snapshot,
                          const std::vector<raft::Entry>& entries) {
    const Bytes content = content_of(sequence, chain, hard_state, snapshot, entries);
    const uint64_t sectors = sectors_of(content.size());
    const uint64_t seed = owner.seed();
    EncodedGroup group{Buffer::zeroed(sectors * log_sector_size), number_at<uint64_t>(content, 32)};
    ByteView rest(content);
    for (uint64_t i = 0; i < sectors; i++) {
        const MutableByteView sector =
            group.sectors.mutable_view().subspan(i * log_sector_size, log_sector_size);
        const ByteView part = rest.first(std::min(rest.size(), log_sector_content));
        std::ranges::copy(part, sector.begin());
        rest = rest.subspan(part.size());
        put_at(sector, log_sector_content, sequence);
        put_at(sector, checksum_offset,
               checksum(sector.first(checksum_offset),
                        sector_seed(seed, offset + i * log_sector_size)));
    }
    return group;
}

Result<SegmentContent> read_segment(ByteView file, const SegmentHeader& header,
                                    std::optional<LogSequence> until, const LogStoreRules& rules) {
    return SegmentReader(file, header, until, rules).read();
}

}  // namespace cairn::meta
