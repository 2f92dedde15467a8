// SimFile: an open file of a simulated process, and its operations in flight. An operation takes
// effect some time between its start and its completion; if its process is killed in between, it
// may have taken effect, or not, or take effect later, but never touches the process again.
#pragma once

#include "runtime/disk.h"
#include "runtime/sim/disk_device.h"
#include "runtime/sim/loop_driver.h"

namespace cairn::sim {

class SimFile final : public File {
  public:
    // Takes over one open of `node`, and the claim on it if there is one.
    SimFile(LoopDriver& driver, DiskDevice& device, NodeRef node, const OpenOptions& options,
            std::unique_ptr<FileLock> claim);
    ~SimFile() override;

    Result<uint64_t> size() override { return node_->file.live().size(); }
    Result<FileExtent> extent_at(uint64_t offset) override;

  private:
    class Request;

    void start(IoOperation& operation) override;
    void forget(IoOperation& operation) override;
    void check_alignment(const IoOperation& operation) const;
    // Once for each handle that was open when a sync failed.
    [[nodiscard]] bool lost_since_told();

    LoopDriver& driver_;
    DiskDevice& device_;
    NodeRef node_;
    OpenOptions options_;
    std::unique_ptr<FileLock> claim_;
    uint64_t losses_told_;
    size_t in_flight_ = 0;
};

}  // namespace cairn::sim
