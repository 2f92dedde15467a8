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
    // Takes over one open of `node`.
    SimFile(LoopDriver& driver, DiskDevice& device, NodeRef node, const OpenOptions& options);
    ~SimFile() override;

    Result<uint64_t> size() override { return node_->file.live().size(); }

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
    uint64_t losses_told_;
    size_t in_flight_ = 0;
};

}  // namespace cairn::sim
