#include "runtime/sim/disk_device.h"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>

namespace cairn::sim {

class DiskDevice::LateWrite final : public SimEvent {
  public:
    LateWrite(DiskDevice& device, NodeRef node, uint64_t offset, Bytes bytes)
        : SimEvent(device.core_.queue),
          device_(device),
          node_(std::move(node)),
          offset_(offset),
          bytes_(std::move(bytes)) {}

  private:
    void fire() override {
        const ByteView slice(bytes_);
        device_.store(*node_, offset_, {&slice, 1}, slice.size());
        device_.note("late write", *node_, offset_, slice.size(),
                     static_cast<int64_t>(slice.size()));
        device_.late_writes_.remove_if([this](const auto& late) { return late.get() == this; });
    }

    DiskDevice& device_;
    NodeRef node_;
    uint64_t offset_;
    Bytes bytes_;
};

DiskDevice::DiskDevice(Core& core, std::string who, std::string mount, uint64_t capacity)
    : core_(core),
      who_(std::move(who)),
      mount_(std::move(mount)),
      number_(core.next_number++),
      tree_(core, capacity),
      random_(core.seed_for("disk", number_)) {}

DiskDevice::~DiskDevice() = default;

FileTree::Path DiskDevice::below_mount(const std::string& path) const {
    FileTree::Path parts = split_path(path);
    const size_t above = split_path(mount_).size();
    CHECK(parts.size() >= above);
    parts.erase(parts.begin(), parts.begin() + static_cast<ptrdiff_t>(above));
    return parts;
}

Result<void> DiskDevice::break_range(const std::string& path, uint64_t offset, uint64_t length) {
    const Outcome<NodeRef> node = tree_.find(below_mount(path));
    if (!node)
        return error_of_errno(node.error(), path);
    broken_.push_back({(*node)->number, offset, offset + length});
    return {};
}

void DiskDevice::heal() {
    own_faults_ = std::nullopt;
    slowness_ = {};
    broken_.clear();
}

Duration DiskDevice::latency(IoKind kind) {
    Duration most = microseconds(150);
    if (kind == IoKind::sync || kind == IoKind::write_durable)
        most = milliseconds(1);
    Duration latency = Core::between(random_, microseconds(20), most) + slowness_;
    if (strikes(faults().slow, "slow disk"))
        latency = latency + Core::between(random_, {}, faults().slow_max);
    return latency;
}

bool DiskDevice::sync_fails() {
    return strikes(faults().sync_error, "sync error");
}

bool DiskDevice::strikes(uint32_t per_million, std::string_view fault) {
    if (!Core::strikes(random_, per_million))
        return false;
    core_.fault(fault, who_);
    return true;
}

void DiskDevice::note(std::string_view verb, const Node& node, uint64_t offset, uint64_t length,
                      int64_t result) {
    core_.trace.record(core_.now(), TraceKind::disk, number_ << 32 | node.number, offset,
                       static_cast<uint64_t>(result));
    if (core_.trace.wanted())
        core_.trace.say(core_.now(), who_,
                        fmt::format("{} file {} at {} length {}: {}", verb, node.number, offset,
                                    length, result));
}

bool DiskDevice::is_broken(const Node& node, uint64_t offset, uint64_t end) const {
    return std::any_of(broken_.begin(), broken_.end(), [&](const BrokenRange& range) {
        return range.node == node.number && range.offset < end && offset < range.end;
    });
}

void DiskDevice::mend(const Node& node, uint64_t offset, uint64_t end) {
    std::vector<BrokenRange> left;
    for (const BrokenRange& range : broken_) {
        if (range.node != node.number || range.end <= offset || end <= range.offset) {
            left.push_back(range);
            continue;
        }
        if (range.offset < offset)
            left.push_back({range.node, range.offset, offset});
        if (range.end > end)
            left.push_back({range.node, end, range.end});
    }
    broken_.swap(left);
}

// A part of `length` in whole units, at least one.
uint64_t DiskDevice::shortened(uint64_t length, uint64_t unit) {
    const uint64_t units = length / unit;
    return units <= 1 ? length : (1 + random_.below(units - 1)) * unit;
}

void DiskDevice::rot(Node& node, uint64_t offset, uint64_t length) {
    const uint64_t at = offset + random_.below(length);
    const auto mask = static_cast<uint8_t>(1U << random_.below(8));
    if (node.file.flip(at, mask))
        core_.fault("flipped bit", who_);
}

int64_t DiskDevice::read(Node& node, uint64_t offset, MutableByteView into, uint64_t unit) {
    const uint64_t size = node.file.live().size();
    uint64_t length = offset >= size ? 0 : std::min<uint64_t>(into.size(), size - offset);
    int64_t result = 0;
    if (strikes(faults().read_error, "read error")) {
        result = -EIO;
    } else if (is_broken(node, offset, offset + length)) {
        core_.fault("read error", who_);
        result = -EIO;
    } else if (length > 0) {
        if (length > unit && strikes(faults().short_read, "short disk read"))
            length = shortened(length, unit);
        if (Core::strikes(random_, faults().bit_rot))
            rot(node, offset, length);
        node.file.live().read(offset, into.first(length));
        core_.trace.record_bytes(into.first(length));
        result = static_cast<int64_t>(length);
    }
    note("read", node, offset, into.size(), result);
    return result;
}

// How much of a write finds space.
uint64_t DiskDevice::fitting(const Node& node, uint64_t offset, uint64_t length, uint64_t unit) {
    const uint64_t room = tree_.room() / page_size;
    if (node.file.live().missing_pages(offset, length) <= room)
        return length;
    uint64_t fits = 0;
    uint64_t taken = 0;
    for_each_page(offset, length, [&](uint64_t index, uint64_t, uint64_t part) {
        taken += node.file.live().missing_pages(index * page_size, page_size);
        if (taken <= room)
            fits += part;
    });
    return fits / unit * unit;
}

uint64_t DiskDevice::somewhere_else(const Node& node, uint64_t offset, uint64_t length) {
    const uint64_t size = node.file.live().size();
    if (size < length + page_size || offset % page_size != 0)
        return offset;
    return random_.below((size - length) / page_size + 1) * page_size;
}

void DiskDevice::store(Node& node, uint64_t offset, std::span<const ByteView> slices,
                       uint64_t length) {
    const uint64_t pages_before = node.file.live().pages();
    node.file.write(offset, slices, length);
    tree_.account(node, pages_before);
    mend(node, offset, offset + length);
    for (const ByteView slice : slices)
        core_.trace.record_bytes(slice);
}

WriteEffect DiskDevice::write(Node& node, uint64_t offset, std::span<const ByteView> slices,
                              uint64_t length, uint64_t unit) {
    WriteEffect effect;
    uint64_t stored = fitting(node, offset, length, unit);
    const bool needs_space = node.file.live().missing_pages(offset, length) > 0;
    if (stored == 0 && length > 0) {
        core_.fault("disk full", who_);
        effect.result = -ENOSPC;
    } else if (needs_space && strikes(faults().no_space, "disk full")) {
        effect.result = -ENOSPC;
        stored = 0;
    } else if (strikes(faults().write_error, "write error")) {
        effect.result = -EIO;
        stored = coin() ? shortened(stored, sector_size) : 0;
    } else {
        if (stored > unit && strikes(faults().short_write, "short disk write"))
            stored = shortened(stored, unit);
        effect.result = static_cast<int64_t>(stored);
    }
    uint64_t place = offset;
    if (effect.result > 0 && Core::strikes(random_, faults().misdirected_write))
        place = somewhere_else(node, offset, stored);
    if (place != offset)
        core_.fault("misdirected write", who_);
    if (stored > 0) {
        store(node, place, slices, stored);
        effect.change = node.file.newest();
    }
    note("write", node, offset, length, effect.result);
    return effect;
}

int64_t DiskDevice::reshape(Node& node, IoKind kind, uint64_t offset, uint64_t length) {
    const uint64_t pages_before = node.file.live().pages();
    int64_t result = 0;
    if (kind != IoKind::truncate && length == 0) {
        result = -EINVAL;
    } else if (kind == IoKind::truncate) {
        node.file.truncate(offset);
    } else if (kind == IoKind::punch_hole) {
        node.file.punch(offset, length);
    } else {
        const uint64_t missing = node.file.live().missing_pages(offset, length);
        if (missing * page_size > tree_.room()) {
            core_.fault("disk full", who_);
            result = -ENOSPC;
        } else if (missing > 0 && strikes(faults().no_space, "disk full")) {
            result = -ENOSPC;
        } else {
            node.file.reserve(offset, length);
        }
    }
    tree_.account(node, pages_before);
    note("reshape", node, offset, length, result);
    return result;
}

int64_t DiskDevice::sync(Node& node, uint64_t through) {
    int64_t result = 0;
    if (node.file.unsynced() > 0 && sync_fails()) {
        const uint64_t pages_before = node.file.live().pages();
        node.file.lose_unsynced(coin());
        tree_.account(node, pages_before);
        result = -EIO;
    } else {
        node.file.persist_through(through);
    }
    note("sync", node, through, 0, result);
    return result;
}

bool DiskDevice::lock(uint64_t node) {
    if (late_writes_.empty()) {
        for (const uint64_t free : unlocking_)
            locked_.erase(free);
        unlocking_.clear();
    }
    return locked_.insert(node).second;
}

void DiskDevice::write_late(NodeRef node, uint64_t offset, Bytes bytes) {
    core_.fault("late write", who_);
    auto late = std::make_unique<LateWrite>(*this, std::move(node), offset, std::move(bytes));
    late->at(core_.now() + Core::between(random_, {}, faults().late_write_max));
    late_writes_.push_back(std::move(late));
}

void DiskDevice::cut_power() {
    late_writes_.clear();
    tree_.cut_power(faults(), random_);
}

void DiskDevice::shut_down() {
    late_writes_.clear();
    tree_.shut_down();
}

}  // namespace cairn::sim
