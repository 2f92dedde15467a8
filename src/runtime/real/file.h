// RealFile: an open file. Reads, writes, syncs, reservations and holes go through the ring; cutting
// (truncate) and asking for the size are plain system calls, for they only touch the inode.
#pragma once

#include <string>

#include "runtime/disk.h"
#include "runtime/real/descriptor.h"
#include "runtime/real/reactor.h"

namespace cairn::real {

class RealFile final : public File {
  public:
    RealFile(Reactor& reactor, Descriptor descriptor, Caching caching, std::string path)
        : reactor_(reactor),
          descriptor_(std::move(descriptor)),
          caching_(caching),
          path_(std::move(path)) {}

    [[nodiscard]] Result<uint64_t> size() override;
    [[nodiscard]] Result<FileExtent> extent_at(uint64_t offset) override;

  private:
    void start(IoOperation& operation) override;
    void forget(IoOperation& operation) override;
    [[nodiscard]] bool is_aligned(const IoOperation& operation) const;
    void start_write(IoOperation& operation);
    void start_allocation(IoOperation& operation, int mode);

    Reactor& reactor_;
    Descriptor descriptor_;
    Caching caching_;
    std::string path_;
};

}  // namespace cairn::real
