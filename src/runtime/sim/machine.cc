#include "runtime/sim/machine.h"

#include <algorithm>

namespace cairn::sim {

class Machine::MappedMemory final : public SharedMemory {
  public:
    MappedMemory(std::shared_ptr<MemoryMap> all, std::string path, std::shared_ptr<Bytes> bytes)
        : all_(std::move(all)), path_(std::move(path)), bytes_(std::move(bytes)) {}
    MutableByteView view() override { return *bytes_; }
    void remove() override {
        const auto found = all_->find(path_);
        if (found != all_->end() && found->second == bytes_)
            all_->erase(found);
    }

  private:
    std::shared_ptr<MemoryMap> all_;
    std::string path_;
    std::shared_ptr<Bytes> bytes_;
};

Machine::Machine(Core& core, HostOptions options, uint64_t number)
    : core_(core), options_(std::move(options)), number_(number) {
    CHECK_NOTE(!options_.name.empty() && !options_.disks.empty(), "a host has a name and a disk");
    Xoshiro random(core.seed_for("machine", number));
    const int64_t rate_max = core.faults.host.clock_rate_ppm_max;
    const Duration offset_max = core.faults.host.wall_offset_max;
    const int64_t drawn_rate =
        static_cast<int64_t>(random.below(static_cast<uint64_t>(2 * rate_max + 1))) - rate_max;
    const Duration drawn_offset =
        Core::between(random, nanoseconds(-offset_max.nanoseconds), offset_max);
    clock_.set_rate(core.now(), options_.clock_rate_ppm.value_or(static_cast<int32_t>(drawn_rate)));
    clock_.set_wall_offset(options_.wall_offset.value_or(drawn_offset));
    if (clock_.rate_ppm() != 0)
        core_.fault("clock skew", name());
    for (const DiskOptions& disk : options_.disks)
        disks_.push_back(std::make_unique<DiskDevice>(core, name() + ":" + disk.mount, disk.mount,
                                                      disk.capacity));
    // Where the other disks are mounted.
    for (const DiskOptions& disk : options_.disks) {
        if (disk.mount == "/")
            continue;
        const std::string above = disk.mount.substr(0, disk.mount.rfind('/'));
        DiskDevice& device = disk_of(above + "/");
        const int error = device.tree().make_directories(device.below_mount(disk.mount));
        CHECK_NOTE(error == 0, "mounts do not fit into each other");
        device.tree().shut_down();
    }
    boot();
}

void Machine::boot() {
    boots_++;
    forget_shared_memory();
    Xoshiro random(core_.seed_for("boot", number_ << 20 | boots_));
    boot_id_ = random.next();
    // Whatever it shows at first: an instant of one host means nothing on another, or after a boot.
    clock_.boot(core_.now(), Instant{} + Core::between(random, seconds(1), seconds(1'000'000)));
}

void Machine::set_powered(bool powered) {
    powered_ = powered;
    stalled_until_ = {};
    if (powered)
        boot();
}

DiskDevice& Machine::disk_of(const std::string& path) {
    const FileTree::Path parts = split_path(path);
    DiskDevice* best = nullptr;
    size_t best_length = 0;
    for (const std::unique_ptr<DiskDevice>& disk : disks_) {
        const FileTree::Path mount = split_path(disk->mount());
        const bool holds =
            mount.size() <= parts.size() && std::equal(mount.begin(), mount.end(), parts.begin());
        if (holds && (best == nullptr || mount.size() >= best_length)) {
            best = disk.get();
            best_length = mount.size();
        }
    }
    CHECK_NOTE(best != nullptr, "a host without a disk at /");
    return *best;
}

Result<std::unique_ptr<SharedMemory>> Machine::shared_memory(const std::string& path,
                                                             size_t bytes) {
    std::shared_ptr<Bytes>& found = (*memory_)[path];
    if (found == nullptr)
        found = std::make_shared<Bytes>(bytes);
    if (found->size() != bytes)
        return Error(Code::invalid_argument, "shared memory of " + path + " has another size");
    if (found.use_count() > 1)
        return Error(Code::busy, "shared memory of " + path + " is in use");
    return std::unique_ptr<SharedMemory>(std::make_unique<MappedMemory>(memory_, path, found));
}

void Machine::forget_shared_memory() {
    std::erase_if(*memory_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

Result<Bytes> Machine::peek(const std::string& path) {
    DiskDevice& device = disk_of(path);
    const Outcome<NodeRef> node = device.tree().find(device.below_mount(path));
    if (!node)
        return error_of_errno(node.error(), path);
    const Content& content = (*node)->file.live();
    Bytes bytes(content.size());
    content.read(0, bytes);
    return bytes;
}

Result<std::vector<DirectoryEntry>> Machine::peek_directory(const std::string& path) {
    DiskDevice& device = disk_of(path);
    const Outcome<NodeRef> node = device.tree().find(device.below_mount(path));
    if (!node)
        return error_of_errno(node.error(), path);
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, child] : (*node)->entries)
        entries.push_back({name, child->is_directory});
    return entries;
}

Result<TreeImage> Machine::save(const std::string& path) {
    DiskDevice& device = disk_of(path);
    Outcome<TreeImage> image = device.tree().save(device.below_mount(path));
    if (!image)
        return error_of_errno(image.error(), path);
    return std::move(*image);
}

Result<void> Machine::restore(const std::string& path, const TreeImage& image) {
    DiskDevice& device = disk_of(path);
    const int error = device.tree().restore(device.below_mount(path), image);
    if (error != 0)
        return error_of_errno(error, path);
    core_.trace.record(core_.now(), TraceKind::world, number_, device.number());
    if (core_.trace.wanted())
        core_.trace.say(core_.now(), name(), "a copy is brought back at " + path);
    return {};
}

Result<void> Machine::corrupt(const std::string& path, uint64_t offset, uint8_t mask) {
    DiskDevice& device = disk_of(path);
    const Outcome<NodeRef> node = device.tree().find(device.below_mount(path));
    if (!node)
        return error_of_errno(node.error(), path);
    if (!(*node)->file.flip(offset, mask))
        return Error(Code::out_of_range, path + ": nothing is stored there");
    core_.fault("flipped bit", device.who());
    return {};
}

Result<void> Machine::unlink(const std::string& path) {
    DiskDevice& device = disk_of(path);
    const int problem = device.tree().remove(device.below_mount(path));
    if (problem != 0)
        return error_of_errno(problem, path);
    core_.trace.record(core_.now(), TraceKind::world, number_, device.number());
    if (core_.trace.wanted())
        core_.trace.say(core_.now(), name(), "somebody removes " + path);
    return {};
}

Result<void> Machine::misplace(const std::string& path, uint64_t from, uint64_t to) {
    DiskDevice& device = disk_of(path);
    const Outcome<NodeRef> node = device.tree().find(device.below_mount(path));
    if (!node)
        return error_of_errno(node.error(), path);
    CachedFile& file = (*node)->file;
    Page source{};
    Page victim{};
    file.live().read(from, source);
    file.live().read(to, victim);
    bool stored = false;
    for (uint64_t i = 0; i < page_size; i++) {
        const auto mask = std::to_integer<uint8_t>(source[i] ^ victim[i]);
        stored = (mask != 0 && file.flip(to + i, mask)) || stored;
    }
    if (!stored)
        return Error(Code::out_of_range, path + ": nothing is stored there, or the same");
    core_.fault("misdirected write", device.who());
    return {};
}

}  // namespace cairn::sim
