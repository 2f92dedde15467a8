// RealFileLock: a lock of an open file description (fcntl F_OFD_SETLK): it excludes other users in
// this process as well as other processes, and the kernel drops it when its process dies. The file
// holds the process id of its holder, for the error message only; it stays when the lock goes,
// because removing it would let two programs lock two files of one name.
#pragma once

#include <memory>
#include <string>

#include "runtime/disk.h"
#include "runtime/real/descriptor.h"

namespace cairn::real {

class RealFileLock final : public FileLock {
  public:
    static Result<std::unique_ptr<FileLock>> take(const std::string& path);
    explicit RealFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  private:
    Descriptor descriptor_;
};

}  // namespace cairn::real
