#include "sim/history.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/check.h"

namespace cairn::sim {

// All operations on one value between two forgets. It must have been the block's value at some time
// no later than `first_end`, and at some time no earlier than `last_begin`.
struct History::Zone {
    BlockValue value = 0;
    Instant first_end = Instant::never();
    Instant last_begin{INT64_MIN};
    Instant write_began{INT64_MIN};
    bool was_read = false;
    bool write_ended = false;

    [[nodiscard]] bool forward() const { return first_end < last_begin; }
    [[nodiscard]] Instant low() const { return std::min(first_end, last_begin); }
    [[nodiscard]] Instant high() const { return std::max(first_end, last_begin); }
    void add(const Operation& operation) {
        first_end = std::min(first_end, operation.ended);
        last_begin = std::max(last_begin, operation.began);
    }
};

History::OperationId History::begin_write(BlockKey key, BlockValue value, uint64_t writer,
                                          Instant now) {
    CHECK_NOTE(value != 0, "zero stands for a block that was never written");
    operations_.push_back({Kind::write, key, value, now, Instant::never(), false, false, writer});
    blocks_[key].operations.push_back(operations_.size() - 1);
    return operations_.size() - 1;
}

void History::end_write(OperationId id, Instant now) {
    operations_[id].ended = now;
}

void History::end_durable_write(OperationId id, Instant now) {
    end_write(id, now);
    operations_[id].durable = true;
}

void History::abandon_write(OperationId id, Instant now) {
    operations_[id].ended = now;
    operations_[id].abandoned = true;
}

void History::forbid_write(OperationId id) {
    operations_[id].forbidden = true;
}

void History::confirm_abandoned(OperationId id) {
    operations_[id].abandoned = false;
}

History::OperationId History::begin_read(BlockKey key, uint64_t reader, Instant now) {
    operations_.push_back({Kind::read, key, 0, now, Instant::never(), false, false, reader});
    blocks_[key].operations.push_back(operations_.size() - 1);
    return operations_.size() - 1;
}

void History::end_read(OperationId id, BlockValue value, Instant now) {
    operations_[id].value = value;
    operations_[id].ended = now;
}

void History::flushed(FileId file, uint64_t writer, Instant began, Instant ended) {
    flushes_[file].push_back({writer, began, ended});
}

void History::may_forget(BlockKey key, Instant now) {
    const auto at = blocks_.find(key);
    if (at != blocks_.end() && (at->second.forgets.empty() || at->second.forgets.back() != now))
        at->second.forgets.push_back(now);
}

void History::may_forget(FileId file, uint64_t first_block, uint64_t count, Instant now) {
    for (auto at = blocks_.lower_bound({file, first_block});
         at != blocks_.end() && at->first.file == file && at->first.block < first_block + count;
         ++at)
        may_forget(at->first, now);
}

bool History::was_flushed(const Operation& write) const {
    if (write.durable)
        return true;
    const auto at = flushes_.find(write.key.file);
    if (at == flushes_.end())
        return false;
    return std::any_of(at->second.begin(), at->second.end(), [&](const Flush& flush) {
        return flush.writer == write.open && write.ended < flush.began;
    });
}

size_t History::reads_checked() const {
    return static_cast<size_t>(
        std::count_if(operations_.begin(), operations_.end(), [](const Operation& operation) {
            return operation.kind == Kind::read && operation.ended != Instant::never();
        }));
}

namespace {

// Zones of one stretch of time: forward zones must not overlap, and no backward zone may lie inside
// a forward one (Gibbons and Korach, "Testing Shared Memories", for registers whose writes are all
// different).
template <class Zone>
std::optional<std::string> check_zones(std::vector<const Zone*> zones) {
    std::sort(zones.begin(), zones.end(),
              [](const Zone* a, const Zone* b) { return a->low() < b->low(); });
    const Zone* open = nullptr;  // the forward zone that reaches furthest
    for (const Zone* zone : zones) {
        if (open != nullptr && zone->forward() && zone->low() < open->high())
            return fmt::format(
                "value {:x} was seen at {} ns and at {} ns, but value {:x} was seen between, at {} "
                "ns "
                "and at {} ns",
                open->value, open->low().nanoseconds, open->high().nanoseconds, zone->value,
                zone->low().nanoseconds, zone->high().nanoseconds);
        if (open != nullptr && !zone->forward() && zone->high() < open->high())
            return fmt::format(
                "value {:x} was seen at {} ns and at {} ns, but value {:x} was written "
                "and gone between, from {} ns to {} ns",
                open->value, open->low().nanoseconds, open->high().nanoseconds, zone->value,
                zone->low().nanoseconds, zone->high().nanoseconds);
        if (zone->forward() && (open == nullptr || zone->high() > open->high()))
            open = zone;
    }
    return std::nullopt;
}

}  // namespace

// Writes that may take effect in this stretch; those from before may still be under way.
History::Zones History::zones_of_writes(const BlockLog& log, const Stretch& stretch) const {
    Zones zones;
    for (const OperationId id : log.operations) {
        const Operation& operation = operations_[id];
        if (operation.kind != Kind::write || operation.began >= stretch.end ||
            operation.ended <= stretch.begin)
            continue;
        Zone& zone = zones[operation.value];
        zone.value = operation.value;
        zone.write_began = operation.began;
        zone.write_ended = operation.ended < stretch.end && !operation.abandoned;
        zone.add(operation);
    }
    return zones;
}

// The zeros of each trim, and those that the stretch began with, unless something was certainly
// written over them before.
std::set<BlockValue> History::zeros_seen(const BlockLog& log, const Stretch& stretch,
                                         const Operation& read) const {
    // The last of these began then.
    Instant overwritten{INT64_MIN};
    for (const OperationId id : log.operations) {
        const Operation& write = operations_[id];
        if (write.kind == Kind::write && !write.abandoned && write.began >= stretch.begin &&
            write.ended < read.began)
            overwritten = std::max(overwritten, write.began);
    }
    std::set<BlockValue> seen;
    for (const BlockValue value : stretch.allowed) {
        if ((value == 0 || (value & trim_bit) != 0) && stretch.begin >= overwritten)
            seen.insert(value);
    }
    for (const OperationId id : log.operations) {
        const Operation& trim = operations_[id];
        if (trim.kind == Kind::write && (trim.value & trim_bit) != 0 && !trim.forbidden &&
            trim.began <= read.ended && trim.ended > stretch.begin && trim.ended >= overwritten)
            seen.insert(trim.value);
    }
    return seen;
}

// A value that nobody was writing in this stretch is the one that the stretch began with.
std::optional<std::string> History::add_reads(const BlockLog& log, const Stretch& stretch,
                                              Zones& zones) const {
    std::optional<BlockValue> initial;
    for (const OperationId id : log.operations) {
        Operation operation = operations_[id];
        // One that was under way at the forget may have seen what there was before it.
        if (operation.kind != Kind::read || operation.ended == Instant::never() ||
            operation.began < stretch.begin || operation.ended > stretch.end)
            continue;
        if (operation.value == 0) {
            const std::set<BlockValue> seen = zeros_seen(log, stretch, operation);
            // Which of several it saw, nobody knows.
            if (seen.size() > 1)
                continue;
            if (!seen.empty())
                operation.value = *seen.begin();
        }
        auto zone = zones.find(operation.value);
        if (zone != zones.end() && operation.ended < zone->second.write_began)
            return fmt::format("value {:x} was read at {} ns, before it was written",
                               operation.value, operation.ended.nanoseconds);
        if (zone == zones.end()) {
            if (!stretch.allowed.contains(operation.value))
                return fmt::format(
                    "value {:x} was read at {} ns; it is none that the block could hold then",
                    operation.value, operation.ended.nanoseconds);
            if (initial && *initial != operation.value)
                return fmt::format("values {:x} and {:x} were both read after a power cut",
                                   *initial, operation.value);
            initial = operation.value;
            zone = zones.try_emplace(operation.value).first;
            zone->second.value = operation.value;
            zone->second.first_end = stretch.begin;  // it was there from the start
        }
        zone->second.was_read = true;
        zone->second.add(operation);
    }
    return std::nullopt;
}

// What may be there after a forget: what the block held, and everything written since that was not
// certainly overwritten by something that is kept. A flush that succeeded after the forget says
// that what its open had written before was not lost. A write that was under way at an earlier
// forget may have been taken back by that.
std::set<BlockValue> History::allowed_after(const BlockLog& log, const Stretch& stretch) const {
    Instant kept{INT64_MIN};
    for (const OperationId id : log.operations) {
        const Operation& operation = operations_[id];
        if (operation.kind == Kind::write && !operation.abandoned &&
            operation.began > stretch.begin && operation.ended < stretch.end &&
            was_flushed(operation))
            kept = std::max(kept, operation.began);
    }
    std::set<BlockValue> next;
    for (const OperationId id : log.operations) {
        const Operation& operation = operations_[id];
        if (operation.kind == Kind::write && operation.began < stretch.end &&
            operation.ended > stretch.begin && operation.ended >= kept)
            next.insert(operation.value);
    }
    if (kept == Instant{INT64_MIN})
        next.insert(stretch.allowed.begin(), stretch.allowed.end());
    return next;
}

std::optional<std::string> History::find_forbidden(const BlockLog& log) const {
    std::set<BlockValue> forbidden;
    for (const OperationId id : log.operations) {
        const Operation& operation = operations_[id];
        if (operation.forbidden)
            forbidden.insert(operation.value);
        else if (operation.kind == Kind::read && operation.ended != Instant::never() &&
                 forbidden.contains(operation.value))
            return fmt::format(
                "value {:x} was read at {} ns, but its writer had been fenced before it began",
                operation.value, operation.ended.nanoseconds);
    }
    return std::nullopt;
}

std::optional<std::string> History::check_block(const BlockKey& key, const BlockLog& log) const {
    const auto problem = [&key](const std::string& text) {
        return fmt::format("block {} of file {}: {}", key.block, key.file.number, text);
    };
    if (auto found = find_forbidden(log))
        return problem(*found);
    Stretch stretch{{INT64_MIN}, {INT64_MIN}, {0}};
    for (size_t i = 0; i <= log.forgets.size(); i++) {
        stretch.begin = stretch.end;
        stretch.end = i < log.forgets.size() ? log.forgets[i] : Instant::never();
        Zones zones = zones_of_writes(log, stretch);
        if (auto found = add_reads(log, stretch, zones))
            return problem(*found);
        // A write that never ended and was never read need not have happened.
        std::vector<const Zone*> to_check;
        for (const auto& [value, zone] : zones) {
            if (zone.was_read || zone.write_ended)
                to_check.push_back(&zone);
        }
        if (auto found = check_zones(to_check))
            return problem(*found);
        stretch.allowed = allowed_after(log, stretch);
    }
    return std::nullopt;
}

std::string History::story_of(const BlockKey& key, const BlockLog& log) const {
    std::multimap<Instant, std::string> lines;
    for (const OperationId id : log.operations) {
        const Operation& operation = operations_[id];
        const char* kind = operation.kind == Kind::read ? "read" : "write";
        const std::string end =
            operation.ended == Instant::never()
                ? "never ended"
                : fmt::format("{} at {} ns", operation.abandoned ? "was fenced" : "ended",
                              operation.ended.nanoseconds);
        lines.emplace(operation.began,
                      fmt::format("{} {:x} by {}{}, {}", kind, operation.value, operation.open,
                                  operation.forbidden ? " (fenced)" : "", end));
    }
    if (const auto flushes = flushes_.find(key.file); flushes != flushes_.end()) {
        for (const Flush& flush : flushes->second)
            lines.emplace(flush.began, fmt::format("flush by {}, ended at {} ns", flush.writer,
                                                   flush.ended.nanoseconds));
    }
    for (const Instant forget : log.forgets)
        lines.emplace(forget, "what was not flushed may be lost");
    std::string text;
    for (const auto& [began, line] : lines)
        text += fmt::format("\n    {:>12} ns  {}", began.nanoseconds, line);
    return text;
}

std::optional<std::string> History::check() const {
    for (const auto& [key, log] : blocks_) {
        if (auto found = check_block(key, log))
            return *found + story_of(key, log);
    }
    return std::nullopt;
}

}  // namespace cairn::sim
