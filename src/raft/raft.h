// Raft: one server's part of the consensus, as a pure state machine. A driver owns it, feeds it on
// one loop, and carries out what it says. It never does I/O, never reads a clock, never waits, and
// knows nothing of what entries mean. The same calls in the same order give the same outputs.
// Section numbers are those of Ongaro's thesis.
//
// A driver is a loop around three calls (the rest is proposals and snapshots):
//
//     for (;;) {
//         co_await next_event(raft);         // tick, message, proposal, end of a write
//         Output output = raft.take_output();  // all of it may happen now
//         send(output.messages);             // loss, repetition and disorder are harmless
//         stream(output.snapshots_to_send);  // each ends with raft.snapshot_sent()
//         if (output.restore)
//             load_state(*output.restore);   // first this,
//         apply(output.committed);           // then these, in order
//         answer_when_applied(output.reads);
//         refuse(output.refused_reads);
//         if (raft.has_unpersisted())        // false while a batch is being written
//             start_write(raft.take_unpersisted());
//     }
//
// where the end of a write, after its sync, is the event
//
//     raft.persisted(std::move(batch).is_on_stable_media());
//
// One batch is being written at a time, and what gathers meanwhile makes the next one: a group
// commit. A leader's appends do not wait for its own disk (they travel while it syncs, and its own
// copy counts once persisted); answers of followers, votes and committed entries do, for
// take_output() holds them back until their batch is proven.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "raft/batch.h"
#include "raft/config.h"
#include "raft/log.h"
#include "raft/membership.h"
#include "raft/progress.h"
#include "raft/quorum.h"
#include "raft/random.h"
#include "raft/read_index.h"
#include "raft/types.h"

namespace cairn::raft {

// What a server finds on its disk at start.
struct Restored {
    HardState hard_state;
    // The newest durable one; its state is already loaded into the state machine.
    SnapshotMeta snapshot;
    // Consecutive. Those that the snapshot stands for are welcome: they may serve slow followers.
    std::vector<Entry> entries;
};

// What the very first server of a cluster persists before it starts: an empty state machine at
// index 1. A server that is to be added later starts from Restored{}, and waits until a leader
// sends it a snapshot.
[[nodiscard]] Restored first_server(Membership membership);

// A follower needs the newest durable snapshot. It travels outside of Raft's messages, under
// `term`; the receiver's driver calls offer_snapshot() at its start and install_snapshot() at its
// end. A new request replaces an older one.
struct SendSnapshot {
    MdsId to;
    Term term;
    LogIndex least;  // an older one would be of no use

    friend bool operator==(const SendSnapshot&, const SendSnapshot&) = default;
};

// What may happen now, each thing handed out once.
struct Output {
    std::vector<Message> messages;
    std::vector<SendSnapshot> snapshots_to_send;
    std::optional<SnapshotMeta> restore;  // replace the state machine's state by this snapshot's
    std::vector<Entry> committed;  // after `restore`; every kind, so that no index is missing
    bool more_committed = false;   // a limit was met: take the next output without waiting
    std::vector<ReadState> reads;
    std::vector<uint64_t> refused_reads;  // contexts: leadership ended, ask the next leader

    [[nodiscard]] bool empty() const {
        return messages.empty() && snapshots_to_send.empty() && !restore && committed.empty() &&
               reads.empty() && refused_reads.empty();
    }
};

struct MemberStatus {
    MdsId id;
    bool learner = false;
    Pace pace = Pace::probe;
    LogIndex match;
    LogIndex next;
    uint64_t silent_ticks = 0;  // since its last message
};

struct Status {
    MdsId id;
    Role role = Role::follower;
    Term term;
    MdsId vote;
    MdsId leader;  // none: unknown
    MdsId transfer_to;
    LogIndex commit;
    LogIndex handed_out;
    LogIndex stable;
    Position base;
    Position last;
    std::vector<MemberStatus> members;  // on a leader, without itself
};

// Copying one gives an independent twin (for exploring states); a driver has no reason to.
class Raft {
  public:
    // Refuses a configuration that cannot work (invalid_argument) and a disk that contradicts
    // itself (corrupt).
    [[nodiscard]] static Result<Raft> create(const Config& config, Restored restored);

    // --- Input

    void tick();
    // A message that came from the network; foreign, late and repeated ones are harmless. An error
    // means that something is broken beyond what consensus tolerates (invalid_argument: the sender;
    // corrupt: committed entries differ, or a term has two leaders). The message had no effect on
    // the log; with `corrupt` the server must stop rather than go on.
    [[nodiscard]] Result<void> step(const Message& message);

    // Leader only (not_master). too_large, overloaded and retry (a transfer is under way) mean that
    // nothing happened. The proposal was carried out once an entry with this position's index *and*
    // term is handed out as committed.
    [[nodiscard]] Result<Position> propose(Buffer payload);
    // One member added, removed or changed; in force at once, until another leader cuts it off.
    // `retry` while the last change is not committed, or nothing of this term is. A leader may
    // remove itself: it steps down when that is committed.
    [[nodiscard]] Result<Position> propose_membership(const Membership& membership);
    // The answer comes in Output::reads or Output::refused_reads. `retry` until an entry of this
    // term is committed.
    [[nodiscard]] Result<void> read_index(uint64_t context);
    // Proposals are refused until it is done or an election timeout has passed.
    [[nodiscard]] Result<void> transfer_leadership(MdsId to);
    // Stands for election now instead of after a silence (a one-server cluster at start; tests).
    void campaign();

    // The connection to a member broke: what was in flight is probably lost.
    void report_unreachable(MdsId member);

    // --- Snapshots

    // A sender begins to stream a snapshot, or still does. False: not wanted, stop.
    [[nodiscard]] bool offer_snapshot(MdsId from, Term term, Position position);
    // It has arrived whole, and is durable beside the current one. False: not needed any more,
    // delete it. True: the next batch makes it current, and Output::restore follows.
    [[nodiscard]] bool install_snapshot(MdsId from, Term term, const SnapshotMeta& meta);
    // The result of a SendSnapshot: the one at `index` was installed, or it failed. Every
    // SendSnapshot needs one.
    void snapshot_sent(MdsId to, LogIndex index, bool ok);
    // What describes a snapshot of the state machine after it has applied `index`. Nothing if that
    // is compacted away, as when a newer snapshot from the leader was installed meanwhile: then
    // there is no point in making one.
    [[nodiscard]] std::optional<SnapshotMeta> snapshot_meta(LogIndex index) const;
    // Forgets entries up to `up_to`, which were handed out. A durable snapshot at or after it must
    // exist.
    void compact(LogIndex up_to);
    // The first entry that some member heard of lately still lacks; compacting from here on costs
    // it a snapshot.
    [[nodiscard]] LogIndex first_needed() const;

    // --- Output

    [[nodiscard]] Output take_output();
    [[nodiscard]] bool has_unpersisted() const;
    // Only when has_unpersisted().
    [[nodiscard]] Unpersisted take_unpersisted();
    void persisted(Persisted proof);

    // --- What it knows

    [[nodiscard]] MdsId id() const { return config_.id; }
    [[nodiscard]] Role role() const { return role_; }
    [[nodiscard]] bool is_leader() const { return role_ == Role::leader; }
    [[nodiscard]] Term term() const { return term_; }
    // Whom it followed last; perhaps long ago.
    [[nodiscard]] MdsId leader() const { return leader_; }
    // It leads, or heard its leader within an election timeout.
    [[nodiscard]] bool hears_leader() const;
    [[nodiscard]] LogIndex commit() const { return commit_; }
    [[nodiscard]] const Log& log() const { return log_; }
    // In force, though perhaps not committed: it may be taken back.
    [[nodiscard]] const Membership& membership() const { return memberships_.latest(); }
    [[nodiscard]] const Membership& committed_membership() const {
        return memberships_.at(commit_);
    }
    [[nodiscard]] Status status() const;
    // What decides its future, in a fixed order, once take_output() was called: to tell states and
    // runs apart. `timers` includes what only ticks look at.
    [[nodiscard]] Bytes fingerprint(bool timers) const;

  private:
    // A message, and the generation that must be on disk before it may leave.
    struct Held {
        Message message;
        uint64_t generation;
    };

    Raft(const Config& config, Restored restored);

    // raft.cc
    Result<void> step_equal_term(const Message& message);
    void answer_older_term(const Message& message);
    Position append_own(EntryKind kind, Buffer payload);
    void commit_to(LogIndex index);
    void hand_out_committed(Output& output);

    // persist.cc
    void hard_state_changed() { hard_state_generation_ = ++generation_; }
    void log_changed() { log_generation_ = ++generation_; }
    void send(MdsId to, Term term, MessageBody body);
    [[nodiscard]] uint64_t needed_by(const MessageBody& body) const;
    void release_messages(Output& output);

    // election.cc
    void become_follower(Term term, MdsId leader);
    void reset_election_timer();
    [[nodiscard]] bool may_campaign() const;
    void start_pre_vote();
    void start_election(bool transfer);
    void ask_for_votes(Term term, bool pre_vote, bool transfer);
    void count_own_vote();
    void count_vote(MdsId from, bool granted);
    void handle(MdsId from, Term term, const VoteRequest& request);
    void handle(MdsId from, const VoteResponse& response);
    void handle(const TimeoutNow& now);

    // follower.cc
    [[nodiscard]] Result<void> heard_leader(MdsId from);
    Result<void> handle(MdsId from, const AppendRequest& request);
    [[nodiscard]] Error committed_differs(LogIndex index) const;
    Result<bool> append_from_leader(const AppendRequest& request);
    void handle(MdsId from, const HeartbeatRequest& request);

    // leader.cc
    void become_leader();
    void leave_leadership();
    void tick_leader();
    [[nodiscard]] bool hears_quorum() const;
    void update_progress();
    void broadcast_heartbeat();
    void begin_read_round();
    void confirm_reads();
    void advance_commit();
    void commit_advanced_on_leader(LogIndex before);
    void hand_over_after_own_removal();
    void finish_transfer(MdsId to, const Progress& progress);
    [[nodiscard]] Result<void> handle(MdsId from, const AppendResponse& response);
    void handle(MdsId from, const HeartbeatResponse& response);

    // replicate.cc
    void flush_appends();
    void flush_appends_to(MdsId to, Progress& progress);
    bool send_append(MdsId to, Progress& progress);
    void start_snapshot(MdsId to, Progress& progress);

    Config config_;
    SplitMix random_;

    // Persistent
    Term term_;
    MdsId vote_;
    Log log_;
    MembershipHistory memberships_;

    // What is known now
    Role role_ = Role::follower;
    MdsId leader_;
    LogIndex commit_;
    LogIndex handed_out_;                  // committed entries up to here were given to the driver
    std::optional<SnapshotMeta> restore_;  // installed, not given to the driver yet

    // Persistence: every change that must reach the disk raises the generation.
    uint64_t generation_ = 0;
    uint64_t hard_state_generation_ = 0;  // that of the last change of term or vote
    uint64_t log_generation_ = 0;         // that of the last change of log or snapshot
    uint64_t taken_generation_ = 0;       // of the batch that was taken last
    uint64_t persisted_generation_ = 0;   // all up to this is on disk
    bool snapshot_unpersisted_ = false;
    std::vector<Held> held_;

    // Timers, in ticks
    uint64_t tick_ = 0;
    uint32_t election_elapsed_ = 0;  // since a leader was heard, a vote given, or a campaign begun
    uint32_t election_timeout_ = 0;
    uint32_t heartbeat_elapsed_ = 0;

    // Candidate
    std::map<MdsId, bool> votes_;
    uint64_t own_vote_generation_ = 0;  // its own vote counts once this is on disk; 0: no vote

    // Leader
    std::map<MdsId, Progress> progress_;
    size_t uncommitted_bytes_ = 0;
    uint64_t round_ = 0;
    ReadQueue reads_;
    MdsId transfer_to_;
    uint32_t transfer_elapsed_ = 0;

    // Gathered for the next take_output()
    std::vector<SendSnapshot> snapshots_to_send_;
    std::vector<ReadState> confirmed_reads_;
    std::vector<uint64_t> refused_reads_;
};

}  // namespace cairn::raft
