// Machine: a simulated host: its clocks, addresses, disks and whether it has power. World makes it
// and keeps it for good; processes on it come and go.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/size.h"
#include "runtime/shared_memory.h"
#include "runtime/sim/core.h"
#include "runtime/sim/disk_device.h"
#include "runtime/sim/machine_clock.h"

namespace cairn::sim {

struct DiskOptions {
    std::string mount = "/";
    uint64_t capacity = 1 * gib;
};

struct HostOptions {
    std::string name = {};
    std::vector<std::string> addresses = {};  // the first is where its connections come from
    std::vector<DiskOptions> disks = {{}};
    // Drawn from the seed within the fault plan's bounds if they are not given.
    std::optional<int32_t> clock_rate_ppm = std::nullopt;
    std::optional<Duration> wall_offset = std::nullopt;
};

class Machine {
  public:
    Machine(Core& core, HostOptions options, uint64_t number);

    [[nodiscard]] const std::string& name() const { return options_.name; }
    [[nodiscard]] uint64_t number() const { return number_; }
    [[nodiscard]] const std::vector<std::string>& addresses() const { return options_.addresses; }
    [[nodiscard]] bool powered() const { return powered_; }
    [[nodiscard]] uint64_t boot_id() const { return boot_id_; }
    [[nodiscard]] uint64_t boots() const { return boots_; }
    [[nodiscard]] MachineClock& clock() { return clock_; }
    [[nodiscard]] SimTime stalled_until() const { return stalled_until_; }

    // The disk that `path` (absolute) lies on: the longest mount that is a prefix of it.
    [[nodiscard]] DiskDevice& disk_of(const std::string& path);
    [[nodiscard]] const std::vector<std::unique_ptr<DiskDevice>>& disks() const { return disks_; }

    // What lies on the disks, from outside: works without a process and without power, takes no
    // time and meets no fault.
    [[nodiscard]] Result<Bytes> peek(const std::string& path);
    [[nodiscard]] Result<std::vector<DirectoryEntry>> peek_directory(const std::string& path);
    // Flips the bits of `mask` in the byte at `offset` of a file, on the medium.
    Result<void> corrupt(const std::string& path, uint64_t offset, uint8_t mask = 1);
    // The page at `from` of a file now stands at `to`, too, on the medium: a write that landed in
    // the wrong place and told nobody. Both are multiples of the page size.
    Result<void> misplace(const std::string& path, uint64_t from, uint64_t to);

    // Removes a file, or an empty directory, as somebody would who has a shell there: what has it
    // open keeps it.
    Result<void> unlink(const std::string& path);

    // Of the processes on this host; a boot forgets all of it.
    [[nodiscard]] Result<std::unique_ptr<SharedMemory>> shared_memory(const std::string& path,
                                                                      size_t bytes);
    // As when a container goes, and its memory with it. What a running process has stays.
    void forget_shared_memory();

    // A copy of a file or directory, and bringing it back over what is there now, as from a backup.
    // No program has a file open there.
    [[nodiscard]] Result<TreeImage> save(const std::string& path);
    Result<void> restore(const std::string& path, const TreeImage& image);

    // For World.
    void set_powered(bool powered);
    void set_stalled_until(SimTime time) { stalled_until_ = time; }

  private:
    // What a process maps lives as long as the process has it.
    using MemoryMap = std::map<std::string, std::shared_ptr<Bytes>>;
    class MappedMemory;

    void boot();

    Core& core_;
    HostOptions options_;
    uint64_t number_;
    bool powered_ = true;
    uint64_t boots_ = 0;
    uint64_t boot_id_ = 0;
    MachineClock clock_;
    SimTime stalled_until_;
    std::vector<std::unique_ptr<DiskDevice>> disks_;
    std::shared_ptr<MemoryMap> memory_ = std::make_shared<MemoryMap>();
};

}  // namespace cairn::sim
