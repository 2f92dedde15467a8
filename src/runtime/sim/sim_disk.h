// SimDisk: the disks of a simulated host, as one loop of a process sees them.
#pragma once

#include <functional>

#include "runtime/disk.h"
#include "runtime/sim/disk_device.h"
#include "runtime/sim/loop_driver.h"

namespace cairn::sim {

class SimDisk final : public Disk {
  public:
    SimDisk(LoopDriver& driver, std::string working_directory);

    Task<Result<std::unique_ptr<File>>> open(std::string path, OpenOptions options) override;
    Task<Result<void>> remove(std::string path) override;
    Task<Result<void>> rename(std::string from, std::string to) override;
    Task<Result<void>> make_directories(std::string path) override;
    Task<Result<void>> sync_directory(std::string path) override;
    Task<Result<std::vector<DirectoryEntry>>> list(std::string path) override;
    Task<Result<FileStatus>> status(std::string path) override;
    Result<DiskSpace> space(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  private:
    struct Place {
        DiskDevice& device;
        FileTree::Path path;
    };
    struct Failure {
        uint32_t per_million;
        const char* fault;
    };
    [[nodiscard]] Place place_of(const std::string& path) const;
    // Applies `effect` (which returns an errno value, or 0) at some moment between now and the
    // moment at which its result is known here.
    Task<Result<void>> change_names(DiskDevice& device, std::string what, Failure failure,
                                    std::move_only_function<int()> effect);

    LoopDriver& driver_;
    std::string working_directory_;
};

}  // namespace cairn::sim
