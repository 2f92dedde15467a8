// Test support: servers with disks and a network, in one thread and without time. A test decides
// about every message, write, crash and tick; Invariants watches. Copyable between writes, so that
// states can be explored.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/invariants.h"
#include "raft/raft.h"

namespace cairn::raft {

// A snapshot on its way between two drivers.
struct SnapshotStream {
    MdsId from;
    MdsId to;
    Term term;
    SnapshotMeta meta;
    std::vector<Entry> state;
};

// A batch that is being written. Copying a cluster in the middle of a write would duplicate the
// proof.
struct Writing {
    std::optional<Unpersisted> batch;

    Writing() = default;
    Writing(const Writing& other) { CHECK(!other.batch); }
    Writing(Writing&&) = default;
    Writing& operator=(const Writing&) = delete;
    Writing& operator=(Writing&&) = default;
};

struct Server {
    Config config;
    Disk disk;
    std::optional<Raft> raft;  // nothing while it is down
    Writing writing;
    std::vector<Entry> state;                       // everything applied
    std::map<LogIndex, std::vector<Entry>> staged;  // received snapshots that are not current yet
    std::pair<Role, Term> seen_as;                  // for the trace
    std::map<uint64_t, LogIndex> reads_asked;  // by context: what was committed when it was asked
    std::vector<ReadState> reads;
    std::vector<uint64_t> refused_reads;
    bool slow_disk = false;  // writes end only when finish_write() is called
};

class TestCluster {
  public:
    using Trace = std::function<void(const std::string&)>;

    void add(const Config& config, const Restored& restored);
    // The usual start: servers 1 to `voters` know each other, learners follow.
    void add_first(size_t voters, size_t learners, Config config);
    void set_trace(Trace trace) { trace_ = std::move(trace); }

    [[nodiscard]] Server& server(MdsId id) { return servers_.at(id); }
    [[nodiscard]] Raft& raft(MdsId id) { return *servers_.at(id).raft; }
    [[nodiscard]] bool is_up(MdsId id) const { return servers_.at(id).raft.has_value(); }
    [[nodiscard]] std::vector<MdsId> ids() const;
    // The leader of the highest term, or none.
    [[nodiscard]] MdsId leader() const;

    // Each is an input to one server, followed by settle().
    void campaign(MdsId id);
    void tick(MdsId id);
    Result<Position> propose(MdsId id, std::string_view text);
    Result<Position> change_members(MdsId id, const Membership& membership);
    Result<void> read(MdsId id, uint64_t context);
    Result<void> transfer(MdsId id, MdsId to);
    void deliver(size_t message);
    void deliver_copy(const Message& message);
    void deliver_snapshot(size_t stream, bool ok);

    // Carries out what a server says; ends its writes unless its disk is slow.
    void settle(MdsId id);
    void finish_write(MdsId id);
    // Loses everything but the disk. Of a batch that is being written, the first `survivors` parts
    // are kept: the hard state, the snapshot, then entry by entry.
    void crash(MdsId id, size_t survivors = 0);
    void restart(MdsId id);
    // Takes a snapshot of what is applied and compacts the log up to `up_to`.
    void compact(MdsId id, LogIndex up_to);

    // Delivers what is in flight, in order, until nothing is; messages that `passes` refuses are
    // lost.
    void stabilize(const std::function<bool(MdsId from, MdsId to)>& passes);
    void stabilize();

    [[nodiscard]] std::vector<Message>& network() { return network_; }
    [[nodiscard]] std::vector<SnapshotStream>& streams() { return streams_; }
    [[nodiscard]] Invariants& invariants() { return invariants_; }
    [[nodiscard]] const std::string& violation() const { return invariants_.violation(); }
    void watch_all_logs();
    [[nodiscard]] Bytes fingerprint() const;

  private:
    void carry_out(Server& server, Output output);
    void write(Server& server, const Unpersisted& batch, size_t parts);
    void write_snapshot(Server& server, const SnapshotMeta& meta);
    void watch(const Server& server);
    void watch_disk(const Server& server);
    void say(const std::string& text) const {
        if (trace_)
            trace_(text);
    }

    std::map<MdsId, Server> servers_;
    std::vector<Message> network_;
    std::vector<SnapshotStream> streams_;
    Invariants invariants_;
    Trace trace_;
};

}  // namespace cairn::raft
