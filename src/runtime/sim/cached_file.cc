#include "runtime/sim/cached_file.h"

#include <algorithm>

#include "base/check.h"

namespace cairn::sim {

namespace {

// Of page `index`, the sectors that [offset, end) touches.
uint8_t sectors_touched(uint64_t index, uint64_t offset, uint64_t end) {
    const uint64_t page_start = index * page_size;
    const uint64_t from = std::max(offset, page_start);
    const uint64_t to = std::min(end, page_start + page_size);
    if (from >= to)
        return 0;
    const uint64_t first = (from - page_start) / sector_size;
    const uint64_t last = (to - 1 - page_start) / sector_size;
    const uint32_t up_to_last = (2U << last) - 1;
    const uint32_t before_first = (1U << first) - 1;
    return static_cast<uint8_t>(up_to_last & ~before_first);
}

bool moves_no_data(IoKind kind) {
    return kind != IoKind::write;
}

}  // namespace

CachedFile::Change& CachedFile::record(IoKind kind, uint64_t offset, uint64_t length) {
    changes_.push_back({++newest_, kind, offset, length, {}});
    return changes_.back();
}

void CachedFile::add_versions(Change& change, uint64_t offset, uint64_t length) {
    for_each_page(offset, length, [&](uint64_t index, uint64_t, uint64_t) {
        PageRef page = live_.page(index);
        if (page != nullptr)
            change.versions.push_back(
                {index, std::move(page), sectors_touched(index, offset, offset + length)});
    });
}

void CachedFile::load(const Content& content) {
    changes_.clear();
    live_ = content;
    stable_ = content;
}

void CachedFile::write(uint64_t offset, std::span<const ByteView> slices, uint64_t length) {
    Change& change = record(IoKind::write, offset, length);
    uint64_t at = offset;
    uint64_t left = length;
    for (const ByteView slice : slices) {
        const uint64_t part = std::min<uint64_t>(slice.size(), left);
        live_.write(at, slice.first(part));
        at += part;
        left -= part;
    }
    add_versions(change, offset, length);
}

void CachedFile::truncate(uint64_t size) {
    Change& change = record(IoKind::truncate, size, 0);
    live_.truncate(size);
    // The sector that is cut in two keeps what changes before left in its first part.
    if (size % sector_size != 0)
        add_versions(change, size, 1);
}

void CachedFile::punch(uint64_t offset, uint64_t length) {
    if (length == 0)
        return;
    Change& change = record(IoKind::punch_hole, offset, length);
    live_.punch(offset, length);
    if (offset % sector_size != 0)
        add_versions(change, offset, 1);
    if ((offset + length) % sector_size != 0)
        add_versions(change, offset + length - 1, 1);
}

void CachedFile::reserve(uint64_t offset, uint64_t length) {
    record(IoKind::allocate, offset, length);
    live_.reserve(offset, length);
}

void CachedFile::apply(const Change& change) {
    if (change.kind == IoKind::truncate)
        stable_.truncate(change.offset);
    else if (change.kind == IoKind::punch_hole)
        stable_.punch(change.offset, change.length);
    else if (change.kind == IoKind::allocate)
        stable_.reserve(change.offset, change.length);
    else if (change.length > 0)
        stable_.grow_to(change.offset + change.length);
    for (const Version& version : change.versions)
        stable_.put_sectors(version.index, version.page, version.sectors);
}

void CachedFile::persist_through(uint64_t change) {
    while (!changes_.empty() && changes_.front().number <= change) {
        apply(changes_.front());
        changes_.pop_front();
    }
}

// Changes before `change` must not come over it when they reach the medium later.
void CachedFile::hide_behind(Changes::iterator change, uint64_t offset, uint64_t end) {
    for (auto earlier = changes_.begin(); earlier != change; ++earlier) {
        if (change->kind == IoKind::truncate && earlier->offset + earlier->length > offset)
            earlier->length = offset - std::min(offset, earlier->offset);
        for (Version& version : earlier->versions)
            version.sectors &= static_cast<uint8_t>(~sectors_touched(version.index, offset, end));
    }
}

void CachedFile::persist_one(uint64_t change) {
    auto at = changes_.begin();
    while (at != changes_.end() && at->number <= change) {
        if (at->number != change && !moves_no_data(at->kind)) {
            ++at;
            continue;
        }
        if (at->kind == IoKind::truncate)
            hide_behind(at, at->offset, UINT64_MAX);
        else if (at->kind != IoKind::allocate)
            hide_behind(at, at->offset, at->offset + at->length);
        apply(*at);
        at = changes_.erase(at);
    }
}

void CachedFile::lose_unsynced(bool drop_cache) {
    losses_++;
    changes_.clear();
    if (drop_cache)
        live_ = stable_;
}

void CachedFile::shut_down() {
    persist_through(newest_);
    live_ = stable_;
}

void CachedFile::cut_write(const Change& change, const std::vector<Range>& lost_ranges,
                           const DiskFaults& faults, Xoshiro& random, Probes& probes) {
    const uint64_t end = change.offset + change.length;
    // Blocks that were given to the file after a lost change of its shape are not found again.
    const bool unreachable = std::any_of(
        lost_ranges.begin(), lost_ranges.end(),
        [&](const Range& range) { return change.offset < range.end && range.offset < end; });
    if (unreachable || Core::strikes(random, faults.cut_loss)) {
        probes.hit("cut loses write");
        // The size may have reached the medium all the same; then it shows zeros.
        if (!unreachable && change.length > 0 && faults.cut_loss < 1'000'000 &&
            random.below(4) == 0)
            stable_.grow_to(end);
        return;
    }
    Change kept = change;
    if (Core::strikes(random, faults.cut_tear)) {
        probes.hit("cut tears write");
        for (Version& version : kept.versions)
            version.sectors &= static_cast<uint8_t>(random.next());
    } else {
        probes.hit("cut keeps write");
    }
    apply(kept);
}

void CachedFile::cut_power(const DiskFaults& faults, Xoshiro& random, Probes& probes) {
    std::vector<Range> lost_ranges;
    for (const Change& change : changes_) {
        if (!moves_no_data(change.kind)) {
            cut_write(change, lost_ranges, faults, random, probes);
            continue;
        }
        // Changes of a file's shape reach the medium in their order.
        if (!lost_ranges.empty() || Core::strikes(random, faults.cut_loss)) {
            const bool truncation = change.kind == IoKind::truncate;
            const uint64_t from =
                truncation ? std::min(change.offset, stable_.size()) : change.offset;
            lost_ranges.push_back({from, truncation ? UINT64_MAX : change.offset + change.length});
        } else {
            apply(change);
        }
    }
    changes_.clear();
    live_ = stable_;
}

bool CachedFile::flip(uint64_t offset, uint8_t mask) {
    const uint64_t index = offset / page_size;
    const PageRef shown = live_.page(index);
    if (offset >= live_.size() || shown == nullptr)
        return false;
    const std::byte flipped = (*shown)[offset % page_size] ^ std::byte{mask};
    const bool durable = stable_.page(index) != nullptr && offset < stable_.size();
    live_.write(offset, {&flipped, 1});
    if (durable) {
        const std::byte stored = (*stable_.page(index))[offset % page_size] ^ std::byte{mask};
        stable_.write(offset, {&stored, 1});
    }
    // What is still to be written back is hit, too: a flip that the next sync would undo is none.
    for (Change& change : changes_) {
        for (Version& version : change.versions) {
            if (version.index == index &&
                (version.sectors >> (offset % page_size / sector_size) & 1))
                version.page = live_.page(index);
        }
    }
    return true;
}

}  // namespace cairn::sim
