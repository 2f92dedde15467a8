// RealSharedMemory: POSIX shared memory: a file of /dev/shm, mapped, with a lock on it. Its name
// says to which file it belongs, so that what others left for good is found and removed.
#pragma once

#include "runtime/shared_memory.h"

namespace cairn::real {

class RealSharedMemory final : public SharedMemory {
  public:
    static Result<std::unique_ptr<SharedMemory>> open(const std::string& path, size_t bytes);

    RealSharedMemory(std::string name, MutableByteView mapped)
        : name_(std::move(name)), mapped_(mapped) {}
    RealSharedMemory(const RealSharedMemory&) = delete;
    RealSharedMemory& operator=(const RealSharedMemory&) = delete;
    ~RealSharedMemory() override;

    MutableByteView view() override { return mapped_; }
    void remove() override;

  private:
    std::string name_;
    MutableByteView mapped_;
};

}  // namespace cairn::real
