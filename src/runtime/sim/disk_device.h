// DiskDevice: one simulated disk with the file system on it: how long operations take, which of
// them fail, and what they do. Owned by its Machine; outlives the processes that use it.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/sim/core.h"
#include "runtime/sim/file_tree.h"

namespace cairn::sim {

// What a write was told to do and did.
struct WriteEffect {
    int64_t result = 0;   // bytes, or a negative errno
    uint64_t change = 0;  // names it to CachedFile, if something was written
};

class DiskDevice {
  public:
    DiskDevice(Core& core, std::string who, std::string mount, uint64_t capacity);
    ~DiskDevice();

    [[nodiscard]] const std::string& mount() const { return mount_; }
    [[nodiscard]] const std::string& who() const { return who_; }
    [[nodiscard]] uint64_t number() const { return number_; }
    [[nodiscard]] FileTree& tree() { return tree_; }
    // `path`, absolute, as parts below the mount.
    [[nodiscard]] FileTree::Path below_mount(const std::string& path) const;

    // For scenarios: faults of this disk alone, instead of the world's plan.
    void set_faults(const DiskFaults& faults) { own_faults_ = faults; }
    // Every operation takes so much longer.
    void set_slowness(Duration extra) { slowness_ = extra; }
    // Reading any of [offset, offset + length) fails with EIO until it is written again.
    Result<void> break_range(const std::string& path, uint64_t offset, uint64_t length);
    void set_capacity(uint64_t bytes) { tree_.set_capacity(bytes); }
    // Somebody else's files take so much of it.
    void set_foreign_usage(uint64_t bytes) { tree_.set_foreign_usage(bytes); }
    // No fault strikes by itself any more, and what was broken or slow is mended.
    void heal();
    [[nodiscard]] const DiskFaults& faults() const {
        return own_faults_ ? *own_faults_ : core_.faults.disk;
    }

    // For the runtime's side of the disk.
    [[nodiscard]] Core& core() { return core_; }
    [[nodiscard]] Duration latency(IoKind kind);
    [[nodiscard]] bool coin() { return (random_.next() >> 63) != 0; }
    [[nodiscard]] bool strikes(uint32_t per_million, std::string_view fault);
    // Whether what is to be on stable media now does not get there.
    [[nodiscard]] bool sync_fails();
    // The effects of operations, at the moment at which they take place. Results are byte counts or
    // negative errno values.
    [[nodiscard]] int64_t read(Node& node, uint64_t offset, MutableByteView into, uint64_t unit);
    [[nodiscard]] WriteEffect write(Node& node, uint64_t offset, std::span<const ByteView> slices,
                                    uint64_t length, uint64_t unit);
    [[nodiscard]] int64_t reshape(Node& node, IoKind kind, uint64_t offset, uint64_t length);
    [[nodiscard]] int64_t sync(Node& node, uint64_t through);
    void note(std::string_view verb, const Node& node, uint64_t offset, uint64_t length,
              int64_t result);
    // The process that asked for this write is gone; the disk was told already.
    void write_late(NodeRef node, uint64_t offset, Bytes bytes);

    [[nodiscard]] bool lock(uint64_t node);
    void unlock(uint64_t node) { locked_.erase(node); }
    // Its process was killed: free once nothing that such a process began can land any more.
    void unlock_after_late_writes(uint64_t node) { unlocking_.insert(node); }

    void cut_power();
    void shut_down();

  private:
    class LateWrite;
    struct BrokenRange {
        uint64_t node;
        uint64_t offset;
        uint64_t end;
    };
    [[nodiscard]] bool is_broken(const Node& node, uint64_t offset, uint64_t end) const;
    void mend(const Node& node, uint64_t offset, uint64_t end);
    [[nodiscard]] uint64_t fitting(const Node& node, uint64_t offset, uint64_t length,
                                   uint64_t unit);
    void rot(Node& node, uint64_t offset, uint64_t length);
    [[nodiscard]] uint64_t somewhere_else(const Node& node, uint64_t offset, uint64_t length);
    [[nodiscard]] uint64_t shortened(uint64_t length, uint64_t unit);
    void store(Node& node, uint64_t offset, std::span<const ByteView> slices, uint64_t length);

    Core& core_;
    std::string who_;
    std::string mount_;
    uint64_t number_;
    FileTree tree_;
    Xoshiro random_;
    std::optional<DiskFaults> own_faults_;
    Duration slowness_;
    std::vector<BrokenRange> broken_;
    std::set<uint64_t> locked_;
    std::set<uint64_t> unlocking_;
    std::list<std::unique_ptr<LateWrite>> late_writes_;
};

}  // namespace cairn::sim
