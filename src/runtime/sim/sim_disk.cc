#include "runtime/sim/sim_disk.h"

#include <cerrno>

#include "runtime/sim/machine.h"
#include "runtime/sim/sim_file.h"

namespace cairn::sim {

namespace {

// Waits until the disk has answered.
class DiskPause final : private SimEvent {
  public:
    DiskPause(LoopDriver& driver, DiskDevice& device)
        : SimEvent(driver.core().queue),
          driver_(driver),
          until_(driver.submit_time() + device.latency(IoKind::read)) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        handle_ = handle;
        at(until_);
    }
    void await_resume() const noexcept {}

  private:
    void fire() override { driver_.resume(handle_); }

    LoopDriver& driver_;
    SimTime until_;
    std::coroutine_handle<> handle_;
};

class SimFileLock final : public FileLock, private Held {
  public:
    SimFileLock(Holdings& holdings, DiskDevice& device, uint64_t node)
        : Held(holdings), device_(&device), node_(node) {}
    ~SimFileLock() override { release(); }

  private:
    void process_gone(Ending ending) override {
        if (ending == Ending::killed && device_ != nullptr)
            device_->unlock_after_late_writes(node_);
        else
            release();
        device_ = nullptr;
    }
    void release() {
        if (device_ != nullptr)
            device_->unlock(node_);
        device_ = nullptr;
    }

    DiskDevice* device_;
    uint64_t node_;
};

}  // namespace

SimDisk::SimDisk(LoopDriver& driver, std::string working_directory)
    : driver_(driver), working_directory_(std::move(working_directory)) {}

SimDisk::Place SimDisk::place_of(const std::string& path) const {
    const std::string absolute = path.starts_with('/') ? path : working_directory_ + "/" + path;
    DiskDevice& device = driver_.machine().disk_of(absolute);
    return {device, device.below_mount(absolute)};
}

Task<Result<std::unique_ptr<File>>> SimDisk::open(std::string path, OpenOptions options) {
    const Place place = place_of(path);
    co_await DiskPause(driver_, place.device);
    if (place.device.strikes(place.device.faults().read_error, "read error"))
        co_return error_of_errno(EIO, path);
    Outcome<NodeRef> node = place.device.tree().open(place.path, options);
    if (!node)
        co_return error_of_errno(node.error(), path);
    driver_.core().trace.record(driver_.core().now(), TraceKind::name, (*node)->number);
    std::unique_ptr<FileLock> claim;
    if (options.claim) {
        if (!place.device.lock((*node)->number)) {
            place.device.tree().close(**node);
            co_return error_of_errno(EWOULDBLOCK, path);
        }
        claim = std::make_unique<SimFileLock>(driver_.holdings(), place.device, (*node)->number);
    }
    co_return std::unique_ptr<File>(
        std::make_unique<SimFile>(driver_, place.device, *node, options, std::move(claim)));
}

Task<Result<void>> SimDisk::change_names(DiskDevice& device, std::string what, Failure failure,
                                         std::move_only_function<int()> effect) {
    Core& core = driver_.core();
    const bool early = device.coin() && driver_.submit_time() == core.now();
    int error = device.strikes(failure.per_million, failure.fault) ? EIO : 0;
    if (early && error == 0)
        error = effect();
    co_await DiskPause(driver_, device);
    if (!early && error == 0)
        error = effect();
    core.trace.record(core.now(), TraceKind::name, checksum(bytes_of(what)) >> 8,
                      static_cast<uint64_t>(error));
    if (core.trace.wanted())
        core.trace.say(core.now(), driver_.who(), what + (error == 0 ? "" : ": failed"));
    if (error != 0)
        co_return error_of_errno(error, what);
    co_return Result<void>();
}

Task<Result<void>> SimDisk::remove(std::string path) {
    Place place = place_of(path);
    co_return co_await change_names(
        place.device, "remove " + path, {place.device.faults().write_error, "write error"},
        [tree = &place.device.tree(), parts = place.path] { return tree->remove(parts); });
}

Task<Result<void>> SimDisk::rename(std::string from, std::string to) {
    Place source = place_of(from);
    Place target = place_of(to);
    if (&source.device != &target.device)
        co_return error_of_errno(EXDEV, "rename " + from);
    co_return co_await change_names(
        source.device, "rename " + from + " to " + to,
        {source.device.faults().write_error, "write error"},
        [tree = &source.device.tree(), old_name = source.path, new_name = target.path] {
            return tree->rename(old_name, new_name);
        });
}

Task<Result<void>> SimDisk::make_directories(std::string path) {
    Place place = place_of(path);
    co_return co_await change_names(place.device, "make " + path,
                                    {place.device.faults().write_error, "write error"},
                                    [tree = &place.device.tree(), parts = place.path] {
                                        return tree->make_directories(parts);
                                    });
}

Task<Result<void>> SimDisk::sync_directory(std::string path) {
    Place place = place_of(path);
    co_return co_await change_names(
        place.device, "sync directory " + path, {place.device.faults().sync_error, "sync error"},
        [tree = &place.device.tree(), parts = place.path] { return tree->sync_directory(parts); });
}

Task<Result<std::vector<DirectoryEntry>>> SimDisk::list(std::string path) {
    const Place place = place_of(path);
    co_await DiskPause(driver_, place.device);
    const Outcome<NodeRef> node = place.device.tree().find(place.path);
    if (!node)
        co_return error_of_errno(node.error(), path);
    if (!(*node)->is_directory)
        co_return error_of_errno(ENOTDIR, path);
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, child] : (*node)->entries)
        entries.push_back({name, child->is_directory});
    co_return entries;
}

Task<Result<FileStatus>> SimDisk::status(std::string path) {
    const Place place = place_of(path);
    co_await DiskPause(driver_, place.device);
    const Outcome<NodeRef> node = place.device.tree().find(place.path);
    if (!node)
        co_return error_of_errno(node.error(), path);
    const Content& content = (*node)->file.live();
    co_return FileStatus{content.size(), content.pages() * page_size, (*node)->is_directory};
}

Result<DiskSpace> SimDisk::space(const std::string& path) {
    const Place place = place_of(path);
    const Outcome<NodeRef> node = place.device.tree().find(place.path);
    if (!node)
        return error_of_errno(node.error(), path);
    FileTree& tree = place.device.tree();
    return DiskSpace{tree.capacity(), tree.room(), place.device.number()};
}

Result<std::unique_ptr<FileLock>> SimDisk::lock(const std::string& path) {
    const Place place = place_of(path);
    FileTree& tree = place.device.tree();
    const Outcome<NodeRef> node = tree.open(place.path, {.write = true, .create = true});
    if (!node)
        return error_of_errno(node.error(), path);
    tree.close(**node);
    if (!place.device.lock((*node)->number))
        return error_of_errno(EWOULDBLOCK, path);
    return std::unique_ptr<FileLock>(
        std::make_unique<SimFileLock>(driver_.holdings(), place.device, (*node)->number));
}

}  // namespace cairn::sim
