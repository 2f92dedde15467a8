// Test support: the properties of the paper's figure 3 and of linear reads, watched from outside
// with as little cleverness as possible. It remembers everything that was ever committed and led,
// and keeps the first violation as text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "raft/raft.h"

namespace cairn::raft {

// What a test server has on its disk.
struct Disk {
    HardState hard_state;
    SnapshotMeta snapshot;
    std::vector<Entry> snapshot_state;  // the state machine of the tests: all entries ever applied
    std::vector<Entry> entries;

    [[nodiscard]] bool holds(Position position) const;
};

class Invariants {
  public:
    // To be called after every step of a server. `disks` are those of all servers, crashed ones
    // too.
    void watch(const Raft& raft, const std::map<MdsId, const Disk*>& disks);
    void watch_applied(MdsId id, const std::vector<Entry>& state, const Entry& entry);
    void watch_restored(MdsId id, const std::vector<Entry>& state);
    void watch_logs(const Raft& left, const Raft& right);
    void watch_read(MdsId id, LogIndex committed_when_asked, LogIndex answered);
    void violate(std::string what);

    [[nodiscard]] const std::string& violation() const { return violation_; }
    [[nodiscard]] LogIndex committed() const;
    [[nodiscard]] size_t leaders() const { return leaders_.size(); }
    // For telling explored states apart.
    void put_to(ByteWriter& out) const;

  private:
    struct Committed {
        Entry entry;
        Term seen_in;  // the term of the server that was first seen to have committed it
    };
    void watch_commit(const Raft& raft, const std::map<MdsId, const Disk*>& disks);
    void watch_leader(const Raft& raft);

    std::map<Term, MdsId> leaders_;
    std::map<LogIndex, Committed> committed_;
    std::string violation_;
};

}  // namespace cairn::raft
