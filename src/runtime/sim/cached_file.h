// CachedFile: one file as its host's kernel shows it, as its medium holds it, and the changes in
// between that no sync has made durable. A power cut decides change by change, and sector by
// sector, what of them reached the medium.
#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <utility>
#include <vector>

#include "runtime/io.h"
#include "runtime/sim/content.h"
#include "runtime/sim/core.h"

namespace cairn::sim {

class CachedFile {
  public:
    [[nodiscard]] const Content& live() const { return live_; }

    // Durable content from elsewhere, instead of everything that was here.
    void load(const Content& content);

    // Changes what the kernel shows.
    void write(uint64_t offset, std::span<const ByteView> slices, uint64_t length);
    void truncate(uint64_t size);
    void punch(uint64_t offset, uint64_t length);
    void reserve(uint64_t offset, uint64_t length);

    // Names the newest change, for persist_*.
    [[nodiscard]] uint64_t newest() const { return newest_; }
    [[nodiscard]] size_t unsynced() const { return changes_.size(); }
    // Every change up to `change` is durable.
    void persist_through(uint64_t change);
    // One change is durable, and with it whatever of the file's earlier changes it needs to be
    // found again after a power cut.
    void persist_one(uint64_t change);
    // A sync failed: what was not durable never will be. The kernel still shows it, or not.
    void lose_unsynced(bool drop_cache);
    // How often that has happened: who synced or wrote meanwhile is told, too.
    [[nodiscard]] uint64_t losses() const { return losses_; }
    // Everything that can be written back is, and the kernel forgets the rest.
    void shut_down();
    void cut_power(const DiskFaults& faults, Xoshiro& random, Probes& probes);
    // Flips bits of what is stored. False if nothing is stored there.
    bool flip(uint64_t offset, uint8_t mask);

  private:
    // A page as a change left it. Of its sectors, those in `sectors` count.
    struct Version {
        uint64_t index;
        PageRef page;
        uint8_t sectors;
    };
    // A later change of a sector holds what earlier ones left there, so that any later version may
    // reach the medium without the earlier ones.
    struct Change {
        uint64_t number;
        IoKind kind;
        uint64_t offset;
        uint64_t length;
        std::vector<Version> versions;
    };
    using Changes = std::list<Change>;
    struct Range {
        uint64_t offset;
        uint64_t end;
    };

    Change& record(IoKind kind, uint64_t offset, uint64_t length);
    void add_versions(Change& change, uint64_t offset, uint64_t length);
    void apply(const Change& change);
    void hide_behind(Changes::iterator change, uint64_t offset, uint64_t end);
    void cut_write(const Change& change, const std::vector<Range>& lost_ranges,
                   const DiskFaults& faults, Xoshiro& random, Probes& probes);

    Content live_;
    Content stable_;
    Changes changes_;
    uint64_t newest_ = 0;
    uint64_t losses_ = 0;
};

}  // namespace cairn::sim
