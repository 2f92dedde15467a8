// MetaNode: one metadata server's part of the cluster: it drives raft/ over the LogStore and the
// peers' connections, applies what is agreed on to the catalogue, in order, and answers proposals.
// One loop; the MdsServer owns it. It knows nothing of what requests mean, and never does anything
// for clients or chunk servers: that is the master's, whom it tells when to begin and to end.
//
// A failure that it cannot answer for (a failed write, a damaged file, an entry of a newer program)
// ends run() with the error: a stopped server is repaired, a wrong one spreads. A full disk is
// none: the log waits for room, and another server leads meanwhile.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "meta/catalogue/effects.h"
#include "meta/consensus.h"
#include "meta/node/log_store.h"
#include "meta/node/peer_link.h"
#include "meta/node/peer_lives.h"
#include "meta/node/rules.h"
#include "meta/rules.h"
#include "raft/raft.h"
#include "rpc/session.h"
#include "runtime/runtime.h"
#include "wire/mds_messages.h"

namespace cairn::meta {

struct MetaNodeOptions {
    Duration tick = milliseconds(50);
    // A follower campaigns after one to two election timeouts without a word from the master.
    uint32_t election_ticks = 20;
    uint32_t heartbeat_ticks = 4;
    // A snapshot is taken when the log has grown by so much since the last one.
    uint64_t snapshot_log_bytes = 64 * mib;
    // Entries that the newest snapshot stands for, kept for servers that were away for a short
    // time.
    uint64_t entries_kept = 10'000;
    uint32_t snapshot_piece_bytes = 1 * mib;  // of one call
    uint32_t proposals_max = 20'000;          // waiting for their answers
    // A server that lacks agreed entries and takes none for so long is reported.
    Duration no_commits_reported = seconds(10);
    Rules catalogue_rules;
    MetaNodeRules rules;
    raft::Rules raft_rules;
};

// Told by the node, from its own tasks; must not wait.
class NodeObserver {
  public:
    virtual ~NodeObserver() = default;
    // This server leads, and has applied the first entry of its own term, and so everything before.
    virtual void on_master(Term term) = 0;
    virtual void on_deposed() = 0;
    // After each entry applied here while it is the master.
    virtual void applied(const Effects& effects) = 0;
};

struct NodeStatistics {
    uint64_t entries_applied = 0;
    uint64_t groups_written = 0;
    Duration writing;  // time spent writing the log
    uint64_t snapshots_taken = 0;
    uint64_t snapshots_sent = 0;
    uint64_t snapshots_installed = 0;
};

class MetaNode final : public Consensus {
  public:
    // Loads the newest snapshot. `store` outlives the node. `access`: as whom to call the peers.
    static Task<Result<std::unique_ptr<MetaNode>>> create(Runtime& runtime, LogStore& store,
                                                          rpc::ConnectOptions access,
                                                          MetaNodeOptions options);
    ~MetaNode() override;

    void set_observer(NodeObserver* observer) { observer_ = observer; }
    // Takes part until `stop` is set, or something fails for good. Exactly once.
    Task<Result<void>> run(cairn::Event& stop);

    // Consensus
    [[nodiscard]] MdsId self() const override { return store_.identity().mds; }
    [[nodiscard]] Term term() const override { return raft_.term(); }
    [[nodiscard]] const Catalogue& catalogue() const override { return *catalogue_; }
    [[nodiscard]] LogIndex applied() const override { return applied_; }
    [[nodiscard]] std::vector<MdsStatus> metadata_server_status() const override;
    Task<Result<Answer>> propose(LogEntry entry) override;
    Task<Result<void>> confirm_master() override;

    // Who leads, as far as is known here: none, or a server that may have been deposed.
    // Perhaps one of long ago.
    [[nodiscard]] MdsId leader() const { return raft_.leader(); }
    // Between on_master() and on_deposed().
    [[nodiscard]] bool is_master() const { return announced_; }
    [[nodiscard]] std::vector<MdsInfo> servers() const;
    [[nodiscard]] FindMasterReply find_master() const;
    [[nodiscard]] raft::Status raft_status() const { return raft_.status(); }
    [[nodiscard]] const raft::Membership& raft_membership() const { return raft_.membership(); }
    [[nodiscard]] const raft::Membership& committed_membership() const {
        return raft_.committed_membership();
    }
    [[nodiscard]] NodeStatistics statistics() const;
    // Keeps the catalogue that stands now: a restored snapshot replaces it by another object.
    [[nodiscard]] std::shared_ptr<const Catalogue> hold_catalogue() const { return catalogue_; }

    // On the master (else not_master).
    // A new server at `peer_address`: its id is agreed on when this returns; it votes as soon as it
    // runs and has caught up. The same answer for the same address until then.
    Task<Result<MdsId>> add_server(Address peer_address);
    // Returns when the others do without it. Asked to remove itself, the master hands over first,
    // and fails with not_master: ask the next one.
    Task<Result<void>> remove_server(MdsId mds);
    // Returns when this server is not the master any more. None: whoever is most up to date.
    Task<Result<void>> transfer_master(MdsId to);

    // Method::raft_messages and Method::raft_snapshot.
    Task<rpc::Response> handle_messages(MdsId from, rpc::Request request);
    Task<rpc::Response> handle_snapshot(MdsId from, rpc::Request request);

  private:
    struct Proposal {
        explicit Proposal(Loop& loop) : settled(loop) {}
        Term term;
        cairn::Event settled;
        std::optional<Result<Answer>> outcome;
    };
    struct Read {
        explicit Read(Loop& loop) : settled(loop) {}
        cairn::Event settled;
        std::optional<LogIndex> index;  // confirmed; answered when this is applied
        Result<void> outcome;
    };
    struct Incoming {  // a snapshot that is being received
        MdsId from;
        Term term;
        raft::Position position;
        uint64_t file_size = 0;
        uint64_t received = 0;
        std::unique_ptr<File> file;
    };
    struct Staged {  // a received snapshot that is not current yet
        raft::SnapshotMeta meta;
        std::shared_ptr<Catalogue> catalogue;
    };
    struct PeerWatch {
        LogIndex match;
        Instant progressed;
        bool lags_reported = false;
        bool silence_reported = false;
    };

    MetaNode(Runtime& runtime, LogStore& store, rpc::ConnectOptions access, MetaNodeOptions options,
             raft::Raft raft, std::shared_ptr<Catalogue> catalogue);
    void fail(Error error);
    void poke();

    // meta_node.cc: the driver of raft
    Task<void> drive();
    Task<void> tick();
    Task<void> write();
    void carry_out(raft::Output output);
    void restore(const raft::SnapshotMeta& meta);
    bool apply_some();
    Result<void> apply(const raft::Entry& entry);
    void look_at_leadership();
    void announce();

    // log_space.cc
    Task<Result<void>> append(const raft::Unpersisted& batch);
    void leave_it_to_others();
    void report_full_disks();

    // proposals.cc
    void settle_proposal(const raft::Entry& entry, Answer answer);
    void refuse_proposals(const Error& error);
    void settle_reads();
    void refuse_reads(const std::vector<uint64_t>& contexts);
    Task<void> create_cluster();
    Task<void> log_event(logged::AddEvent event);

    // peers.cc
    void look_at_members();
    void link_to(MdsId mds, const Address& address);
    void note_sender(MdsId from, const Address& address);
    void peer_failed(MdsId peer, const Error& error);
    void tell_once(MdsId peer, const Error& error);
    [[nodiscard]] bool was_removed(MdsId mds) const;
    [[nodiscard]] bool counts(MdsId mds) const;
    Task<void> retire(std::unique_ptr<PeerLink> link);
    Result<void> take_messages(MdsId from, ByteView payload, uint32_t count);

    // snapshots.cc
    Task<void> take_snapshots();
    Task<Result<void>> take_snapshot();
    Task<void> send_snapshot(raft::SendSnapshot order, uint64_t number);
    Task<Result<void>> stream_snapshot(raft::SendSnapshot order, uint64_t number,
                                       raft::SnapshotMeta meta);
    Task<Result<void>> send_pieces(rpc::Connection& connection, raft::SendSnapshot order,
                                   uint64_t number, raft::SnapshotMeta meta);
    Task<Result<void>> receive_piece(MdsId from, RaftSnapshotRequest request, Buffer payload);
    Task<Result<void>> finish_incoming();

    // membership.cc
    Task<void> mind_members();
    void mind_members_once();
    bool add_missing_member(const raft::Membership& members);
    bool drop_removed_member(const raft::Membership& members);
    bool promote_learner(const raft::Membership& members);
    Task<void> note_voters();
    [[nodiscard]] bool others_suffice(MdsId without) const;
    [[nodiscard]] MdsId best_successor(MdsId except) const;

    // watch_lives.cc
    Task<void> read_lives();
    Task<void> keep_lives();
    void introduce(RaftMessagesRequest& request) const;
    [[nodiscard]] Result<void> check_life(MdsId from, const RaftMessagesRequest& request);
    [[nodiscard]] Error restored_error(MdsId told_by) const;
    void report_restored();

    // moving.cc
    [[nodiscard]] Address address_in_use(MdsId mds, const Address& logged) const;
    [[nodiscard]] bool catalogue_has_moved() const;
    Task<void> move_catalogue();
    bool move_member(const raft::Membership& members);
    Task<void> finish_move();
    void note_strange_plan();
    void note_silence();
    [[nodiscard]] std::string what_to_configure() const;
    [[nodiscard]] Result<void> check_sender(MdsId from, const Address& sender);

    // watch_peers.cc
    Task<void> watch_peers();
    void report_self();
    void greet_when_forgotten();
    void watch_peer(const raft::MemberStatus& member, const raft::Status& status);

    Runtime& runtime_;
    LogStore& store_;
    MetaNodeOptions options_;
    PeerAccess access_;
    PeerAccess snapshot_access_;  // another identity, so that neither waits for the other
    NodeObserver* observer_ = nullptr;
    raft::Raft raft_;
    std::shared_ptr<Catalogue> catalogue_;
    LogIndex applied_;
    std::deque<raft::Entry> to_apply_;

    Term leading_;  // the term in which raft leads, as of the last turn
    bool own_entry_applied_ = false;
    bool creating_ = false;  // create_cluster() runs
    bool announced_ = false;
    std::map<LogIndex, Proposal*> proposals_;
    std::map<uint64_t, Read*> reads_;
    uint64_t next_read_ = 1;

    std::map<MdsId, std::unique_ptr<PeerLink>> peers_;
    // Who speaks to us as a peer, and is not in our log yet.
    std::map<MdsId, Address> strangers_;
    std::map<MdsId, PeerWatch> watches_;
    std::map<MdsId, std::string> told_;  // what was logged last of each peer
    // The cluster has other addresses than this server was given, and that was logged.
    bool plan_overtaken_ = false;
    Instant follows_since_ = Instant::never();
    Instant silent_since_;
    bool silence_told_ = false;
    std::map<MdsId, uint64_t> streams_;  // the newest snapshot stream to each peer
    uint64_t next_stream_ = 1;
    Mutex receiving_;
    std::optional<Incoming> incoming_;
    std::map<LogIndex, Staged> staged_;
    uint64_t log_bytes_at_snapshot_ = 0;

    bool dirty_ = false;
    Condition changed_;  // something for the driver
    Condition write_wanted_;
    Condition state_changed_;  // leadership, members, or what is applied
    cairn::Event stopping_;
    std::optional<Error> failure_;
    NodeStatistics statistics_;
    Instant started_;
    // What was true when reports_ was brought up to date last.
    struct Measured {
        Instant at;
        Duration cpu;
        Duration writing;
        uint64_t entries = 0;
    };
    Measured measured_;
    std::map<MdsId, MdsReport> reports_;
    PeerLives lives_;
    std::set<MdsId> restored_reported_;
    std::set<MdsId> full_reported_;
    Scope scope_;
};

}  // namespace cairn::meta
