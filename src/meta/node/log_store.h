// LogStore: a metadata server's repository while the server runs: its log, and the files of its
// snapshots. One program has a repository open at a time. The consensus decides what is written;
// the store keeps it so that after any crash every acknowledged batch is there and no other is half
// there. docs/design/metadata-log.md has files, formats and crash points.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/size.h"
#include "meta/node/address_plan.h"
#include "meta/node/identity.h"
#include "meta/node/log_recovery.h"
#include "meta/node/segment_pool.h"
#include "raft/raft.h"
#include "runtime/runtime.h"

namespace cairn::meta {

struct LogStoreOptions {
    uint64_t segment_size = 16 * mib;
    // A predecessor that was killed keeps its lock until its last writes have landed.
    Duration lock_patience = seconds(2);
    LogStoreRules rules;
};

class LogStore {
  public:
    // Fails with busy (another program has it open), not_found (no repository), or what is wrong
    // with it: corrupt errors say which file, and what to do.
    static Task<Result<std::unique_ptr<LogStore>>> open(Runtime& runtime, std::string directory,
                                                        LogStoreOptions options);
    ~LogStore();
    LogStore(const LogStore&) = delete;
    LogStore& operator=(const LogStore&) = delete;
    // Ends what runs in the background; call it exactly once.
    Task<void> close();

    // With the new address of its own, if new ones were given.
    [[nodiscard]] const MdsIdentity& identity() const { return identity_; }
    // New addresses that the log may not know of yet.
    [[nodiscard]] const std::optional<AddressPlan>& address_plan() const { return address_plan_; }
    // Gives new ones, durably: a start follows them.
    Task<Result<void>> set_address_plan(AddressPlan plan);
    // They are in the log, durably: the identity takes its own, and the plan goes.
    Task<Result<void>> finish_address_plan();
    [[nodiscard]] const std::string& directory() const { return directory_; }
    // What was found at the start; once.
    [[nodiscard]] raft::Restored take_restored() { return std::move(restored_); }

    // One at a time. On stable media when it returns. A failure is final: what reached the disk is
    // unknown, so every later append fails as this one did. Only where there is no space for a new
    // segment nothing was written at all, and the same batch may be appended again (not failed()).
    Task<Result<void>> append(const raft::Unpersisted& batch);
    [[nodiscard]] bool failed() const { return failure_.has_value(); }
    // The disk has no space for the segment after this one.
    [[nodiscard]] bool lacks_space() const { return pool_.lacks_space(); }

    // The newest durable snapshot, if there is one.
    [[nodiscard]] const std::optional<raft::SnapshotMeta>& snapshot() const { return snapshot_; }
    [[nodiscard]] std::string snapshot_path() const;
    // Where a snapshot of our own is written, and what makes it the newest one.
    [[nodiscard]] std::string own_part_path() const { return directory_ + "/snapshot.part"; }
    Task<Result<void>> publish_own(raft::SnapshotMeta meta);
    // The same for one that the master sends: kept beside the newest until a batch makes it
    // current.
    [[nodiscard]] std::string received_part_path() const { return directory_ + "/received.part"; }
    Task<Result<void>> keep_received(raft::SnapshotMeta meta);
    Task<void> drop_received(raft::SnapshotMeta meta);

    // Entries up to `up_to` are not needed any more: segments that hold nothing newer go.
    Task<Result<void>> release(LogIndex up_to);

    // The same error, with what to do about it if something in the repository is damaged.
    [[nodiscard]] Error damaged(const Error& error) const;

    // Of segments in use, the unused part of the last included.
    [[nodiscard]] uint64_t log_bytes() const { return log_bytes_; }
    // The next group that was to be written when this program opened the log, and that is now: all
    // before it are on stable media.
    [[nodiscard]] LogSequence born() const { return born_; }
    [[nodiscard]] LogSequence sequence() const { return next_sequence_; }
    [[nodiscard]] uint64_t groups_written() const { return groups_written_; }
    [[nodiscard]] bool found_tear() const { return found_tear_; }

  private:
    struct Segment {
        uint64_t number = 0;
        uint64_t size = 0;
        LogIndex highest{};  // no entry above this one
        bool own = false;    // made by this program
    };

    LogStore(Runtime& runtime, std::string directory, LogStoreOptions options);
    Task<Result<void>> start();
    Task<Result<void>> take_lock();
    Task<Result<void>> recover(const std::vector<DirectoryEntry>& files);
    Task<Result<void>> choose_snapshot(const std::vector<DirectoryEntry>& files,
                                       const std::optional<raft::SnapshotMeta>& made_current);
    Task<Result<void>> make_durable();
    Task<Result<void>> remove_leftovers(const std::vector<DirectoryEntry>& files);
    [[nodiscard]] uint64_t size_of_segment(uint64_t room) const;
    Task<Result<void>> start_segment(std::string spare, uint64_t size);
    Task<Result<void>> write_group(const raft::Unpersisted& batch, uint64_t room);
    Task<Result<void>> make_received_current(raft::SnapshotMeta meta);
    Task<Result<void>> remove_snapshot(raft::SnapshotMeta meta);
    [[nodiscard]] std::string path_of(uint64_t segment) const;

    Runtime& runtime_;
    std::string directory_;
    LogStoreOptions options_;
    std::unique_ptr<FileLock> lock_;
    MdsIdentity identity_;
    std::optional<AddressPlan> address_plan_;
    raft::Restored restored_;
    SegmentPool pool_;
    cairn::Event stopping_;
    Mutex releasing_;

    std::deque<Segment> segments_;  // oldest first; the last is being written
    std::unique_ptr<File> file_;    // the last segment's
    uint64_t offset_ = 0;
    uint64_t next_number_ = 1;    // of the next segment
    bool last_is_empty_ = false;  // found at the start
    LogSequence next_sequence_ = 1;
    LogSequence born_ = 1;
    uint64_t next_chain_ = 0;
    raft::HardState hard_state_;
    std::optional<raft::SnapshotMeta> snapshot_;
    std::optional<Error> failure_;
    uint64_t log_bytes_ = 0;
    uint64_t groups_written_ = 0;
    bool found_tear_ = false;
    Scope scope_;
};

}  // namespace cairn::meta
