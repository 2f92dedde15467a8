// RealDisk: the machine's files and directories. What may wait for the disk (open, remove, rename,
// syncing a directory) goes through the ring; what is answered from memory nearly always (list,
// status, space, making directories, locks) is a plain system call, and is not for the way of a
// request. Files are made for their owner alone (0600), directories readable by all (0755).
#pragma once

#include "runtime/disk.h"
#include "runtime/real/reactor.h"
#include "telemetry/log.h"

namespace cairn::real {

class RealDisk final : public Disk {
  public:
    RealDisk(Reactor& reactor, Log& log) : reactor_(reactor), log_(log) {}

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
    Task<int> open_descriptor(std::string path, int flags);

    Reactor& reactor_;
    Log& log_;
    bool told_of_fall_back_ = false;
};

}  // namespace cairn::real
