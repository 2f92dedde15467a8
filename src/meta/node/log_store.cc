#include "meta/node/log_store.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "meta/node/repository_files.h"
#include "meta/node/snapshot_file.h"

namespace cairn::meta {

namespace {

constexpr Duration lock_pause = milliseconds(10);

Task<Result<void>> write_whole(File& file, uint64_t offset, ByteView bytes, bool durably) {
    while (!bytes.empty()) {
        const std::array<ByteView, 1> slices{bytes};
        Result<size_t> count = size_t{0};
        if (durably)
            count = co_await file.write_durable(offset, slices);
        else
            count = co_await file.write(offset, slices);
        if (!count)
            co_return count.error();
        CHECK(*count > 0 && *count <= bytes.size());
        offset += *count;
        bytes = bytes.subspan(*count);
    }
    co_return Result<void>();
}

}  // namespace

LogStore::LogStore(Runtime& runtime, std::string directory, LogStoreOptions options)
    : runtime_(runtime),
      directory_(std::move(directory)),
      options_(options),
      pool_(runtime, directory_, options.segment_size),
      stopping_(runtime.loop),
      releasing_(runtime.loop),
      scope_(runtime.loop) {
    CHECK(options.segment_size >= log_segment_size_min && options.segment_size % block_size == 0);
}

LogStore::~LogStore() = default;

Task<Result<std::unique_ptr<LogStore>>> LogStore::open(Runtime& runtime, std::string directory,
                                                       LogStoreOptions options) {
    std::unique_ptr<LogStore> store(new LogStore(runtime, std::move(directory), options));
    Result<void> started = co_await store->start();
    if (!started)
        co_return started.error();
    store->scope_.spawn(store->pool_.refill(store->stopping_));
    co_return store;
}

Task<void> LogStore::close() {
    stopping_.set();
    pool_.wake();
    co_await scope_.join();
}

std::string LogStore::path_of(uint64_t segment) const {
    return directory_ + "/" + log_file_name(segment);
}

// What to do is the same whatever is damaged: nothing may be guessed about what a vote rests on.
Error LogStore::damaged(const Error& error) const {
    if (error.code() != Code::corrupt)
        return error;
    return {Code::corrupt,
            fmt::format("{}. This metadata server must not start from a damaged repository: copy "
                        "the repository back from a backup of the stopped server, or remove this "
                        "server (vstorage -c {} rm-mds {}) and add it again with make-mds, which "
                        "copies the metadata from a healthy server",
                        error.message(), identity_.cluster_name, identity_.mds.number)};
}

Task<Result<void>> LogStore::take_lock() {
    const Instant deadline = runtime_.loop.now() + options_.lock_patience;
    while (true) {
        Result<std::unique_ptr<FileLock>> lock = runtime_.disk.lock(directory_ + "/lock");
        if (lock) {
            lock_ = std::move(*lock);
            co_return Result<void>();
        }
        if (lock.code() != Code::busy)
            co_return lock.error().with_context(directory_);
        if (runtime_.loop.now() >= deadline)
            co_return Error(Code::busy, fmt::format("{}: another program has this repository open",
                                                    directory_));
        co_await Sleep(runtime_.loop, lock_pause);
    }
}

Task<Result<void>> LogStore::start() {
    Result<MdsIdentity> identity = co_await read_identity(runtime_, directory_);
    if (!identity)
        co_return identity.error();
    identity_ = std::move(*identity);
    CO_TRY(co_await take_lock());
    auto plan = co_await read_address_plan(runtime_, directory_, identity_.owner());
    if (!plan)
        co_return plan.error();
    address_plan_ = std::move(*plan);
    if (address_plan_)
        identity_.peer_address = address_plan_->address_of(identity_.mds);
    auto files = co_await runtime_.disk.list(directory_);
    if (!files)
        co_return files.error().with_context(directory_);
    Result<void> recovered = co_await recover(*files);
    if (!recovered)
        co_return damaged(recovered.error());
    CO_TRY(co_await make_durable());
    CO_TRY(co_await remove_leftovers(*files));
    // Never into the last segment: what a killed predecessor has in flight may still land there.
    // One that holds nothing is replaced, so that starts alone do not fill the disk.
    if (last_is_empty_) {
        log_bytes_ -= segments_.back().size;
        segments_.pop_back();
    }
    const uint64_t size = size_of_segment(0);
    Result<std::string> spare = co_await pool_.take(size);
    if (!spare)
        co_return spare.error();
    co_return co_await start_segment(std::move(*spare), size);
}

Task<Result<void>> LogStore::set_address_plan(AddressPlan plan) {
    CO_TRY(co_await replace_file(runtime_.disk, fmt::format("{}/{}", directory_, address_plan_name),
                                 encode_address_plan(plan, identity_.owner())));
    identity_.peer_address = plan.address_of(identity_.mds);
    address_plan_ = std::move(plan);
    co_return Result<void>();
}

// A crash between the two leaves a plan that says what the identity says.
Task<Result<void>> LogStore::finish_address_plan() {
    const std::string path = fmt::format("{}/{}", directory_, address_plan_name);
    CO_TRY(
        co_await replace_file(runtime_.disk, directory_ + "/identity", encode_identity(identity_)));
    Result<void> removed = co_await runtime_.disk.remove(path);
    if (!removed && removed.code() != Code::not_found)
        co_return removed.error().with_context(path);
    CO_TRY(co_await runtime_.disk.sync_directory(directory_));
    address_plan_.reset();
    co_return Result<void>();
}

Task<Result<void>> LogStore::recover(const std::vector<DirectoryEntry>& files) {
    std::vector<uint64_t> numbers;
    for (const DirectoryEntry& file : files)
        if (const auto number = parse_log_file_name(file.name))
            numbers.push_back(*number);
    std::ranges::sort(numbers);
    Result<RecoveredLog> log = co_await recover_log(runtime_, directory_, identity_.owner(),
                                                    std::move(numbers), options_.rules);
    if (!log)
        co_return log.error();
    CO_TRY(co_await choose_snapshot(files, log->made_current));
    const LogIndex last = log->entries.empty() ? LogIndex{} : log->entries.back().index;
    const LogIndex snapshot = snapshot_ ? snapshot_->index : LogIndex{};
    if (log->hard_state.commit > std::max(last, snapshot))
        co_return Error(
            Code::corrupt,
            fmt::format("{}: entries up to {} were agreed on, but the log ends with {}", directory_,
                        log->hard_state.commit.number, std::max(last, snapshot).number));
    for (const RecoveredSegment& segment : log->segments) {
        segments_.push_back(
            {.number = segment.number, .size = segment.size, .highest = segment.highest});
        log_bytes_ += segment.size;
    }
    last_is_empty_ = !log->segments.back().has_groups;
    next_number_ = segments_.back().number + (last_is_empty_ ? 0 : 1);
    next_sequence_ = born_ = log->next_sequence;
    next_chain_ = log->next_chain;
    hard_state_ = log->hard_state;
    found_tear_ = log->torn;
    restored_ = {log->hard_state, snapshot_.value_or(raft::SnapshotMeta{}),
                 std::move(log->entries)};
    co_return Result<void>();
}

// What a killed predecessor wrote or renamed last may be seen and not be on stable media: it must
// be before anything rests on it.
Task<Result<void>> LogStore::make_durable() {
    const std::string path = path_of(segments_.back().number);
    auto file = co_await runtime_.disk.open(path, {.write = true, .caching = Caching::direct});
    if (!file)
        co_return file.error().with_context(path);
    Result<size_t> synced = co_await (*file)->sync();
    if (!synced)
        co_return synced.error().with_context(path);
    co_return co_await runtime_.disk.sync_directory(directory_);
}

Task<Result<void>> LogStore::choose_snapshot(
    const std::vector<DirectoryEntry>& files,
    const std::optional<raft::SnapshotMeta>& made_current) {
    std::optional<raft::Position> newest;
    for (const DirectoryEntry& file : files) {
        const auto position = parse_snapshot_file_name(snapshot_prefix, file.name);
        if (position && (!newest || position->index > newest->index))
            newest = position;
    }
    if (made_current && (!newest || newest->index < made_current->index)) {
        CO_TRY(co_await make_received_current(*made_current));
        newest = {made_current->index, made_current->term};
    }
    if (!newest)
        co_return Result<void>();
    const std::string path = directory_ + "/" + snapshot_file_name(snapshot_prefix, *newest);
    auto file = co_await SnapshotFileReader::open(runtime_, path, identity_.cluster);
    if (!file)
        co_return file.error().with_context(path);
    const raft::SnapshotMeta& meta = (*file)->meta();
    if (meta.index != newest->index || meta.term != newest->term)
        co_return Error(Code::corrupt, path + ": it is another snapshot than its name says");
    snapshot_ = meta;
    co_return Result<void>();
}

// Whatever the new program does not need is a file that the old one did not finish, or kept for
// later.
Task<Result<void>> LogStore::remove_leftovers(const std::vector<DirectoryEntry>& files) {
    for (const DirectoryEntry& file : files) {
        const auto snapshot = parse_snapshot_file_name(snapshot_prefix, file.name);
        const bool old_snapshot = snapshot && snapshot_ && snapshot->index < snapshot_->index;
        const bool leftover = file.name.starts_with("spare.") ||
                              file.name.starts_with(received_prefix) ||
                              file.name.ends_with(".part") || file.name.ends_with(".new");
        if (file.is_directory || (!old_snapshot && !leftover))
            continue;
        const std::string path = directory_ + "/" + file.name;
        Result<void> removed = co_await runtime_.disk.remove(path);
        // A received snapshot may have been renamed since the directory was listed.
        if (!removed && removed.code() != Code::not_found)
            co_return removed.error().with_context(path);
    }
    co_return Result<void>();
}

uint64_t LogStore::size_of_segment(uint64_t room) const {
    return std::max(options_.segment_size, align_up(block_size + room, block_size));
}

Task<Result<void>> LogStore::start_segment(std::string spare, uint64_t size) {
    auto file = co_await runtime_.disk.open(spare, {.write = true, .caching = Caching::direct});
    if (!file)
        co_return file.error().with_context(spare);
    const uint64_t number = next_number_++;
    const Buffer header = encode_segment_header({.owner = identity_.owner(),
                                                 .number = number,
                                                 .size = size,
                                                 .first_sequence = next_sequence_,
                                                 .first_chain = next_chain_,
                                                 .hard_state = hard_state_});
    const std::string path = path_of(number);
    Result<void> done = co_await write_whole(**file, 0, header.view(), true);
    // The name is durable before the first group counts on it.
    if (done)
        done = co_await runtime_.disk.rename(spare, path);
    if (done)
        done = co_await runtime_.disk.sync_directory(directory_);
    if (!done)
        co_return done.error().with_context(path);
    segments_.push_back({.number = number, .size = size, .own = true});
    file_ = std::move(*file);
    offset_ = block_size;
    log_bytes_ += size;
    co_return Result<void>();
}

Task<Result<void>> LogStore::append(const raft::Unpersisted& batch) {
    if (failure_)
        co_return *failure_;
    const uint64_t room = size_of_group(batch.hard_state(), batch.snapshot(), batch.entries());
    Result<void> written;
    if (offset_ + room > segments_.back().size) {
        const uint64_t size = size_of_segment(room);
        Result<std::string> spare = co_await pool_.take(size);
        if (spare.code() == Code::no_space)
            co_return spare.error().with_context("the metadata log");
        if (spare)
            written = co_await start_segment(std::move(*spare), size);
        else
            written = spare.error();
    }
    if (written)
        written = co_await write_group(batch, room);
    if (written && batch.snapshot())
        written = co_await make_received_current(*batch.snapshot());
    if (!written)
        failure_ = written.error().with_context("the metadata log");
    if (failure_)
        co_return *failure_;
    co_return Result<void>();
}

Task<Result<void>> LogStore::write_group(const raft::Unpersisted& batch, uint64_t room) {
    const EncodedGroup group = encode_group(identity_.owner(), offset_, next_sequence_, next_chain_,
                                            batch.hard_state(), batch.snapshot(), batch.entries());
    CHECK(group.sectors.size() == room);
    Result<void> written =
        co_await write_whole(*file_, offset_, group.sectors.view(), options_.rules.write_durably);
    if (!written)
        co_return written.error().with_context(path_of(segments_.back().number));
    offset_ += room;
    next_sequence_++;
    next_chain_ = group.checksum;
    hard_state_ = batch.hard_state();
    groups_written_++;
    if (batch.snapshot())
        for (Segment& segment : segments_)
            segment.highest = LogIndex{};
    if (!batch.entries().empty())
        segments_.back().highest = std::max(segments_.back().highest, batch.entries().back().index);
    co_return Result<void>();
}

std::string LogStore::snapshot_path() const {
    CHECK(snapshot_);
    return directory_ + "/" +
           snapshot_file_name(snapshot_prefix, {snapshot_->index, snapshot_->term});
}

Task<Result<void>> LogStore::publish_own(raft::SnapshotMeta meta) {
    const std::string path =
        directory_ + "/" + snapshot_file_name(snapshot_prefix, {meta.index, meta.term});
    CO_TRY(co_await runtime_.disk.rename(own_part_path(), path));
    CO_TRY(co_await runtime_.disk.sync_directory(directory_));
    // Meanwhile the master's may have become current, and be newer.
    if (snapshot_ && snapshot_->index >= meta.index)
        co_return co_await runtime_.disk.remove(path);
    const std::optional<raft::SnapshotMeta> old = std::exchange(snapshot_, std::move(meta));
    if (old)
        CO_TRY(co_await remove_snapshot(*old));
    co_return Result<void>();
}

Task<Result<void>> LogStore::keep_received(raft::SnapshotMeta meta) {
    const std::string path =
        directory_ + "/" + snapshot_file_name(received_prefix, {meta.index, meta.term});
    CO_TRY(co_await runtime_.disk.rename(received_part_path(), path));
    co_return co_await runtime_.disk.sync_directory(directory_);
}

Task<void> LogStore::drop_received(raft::SnapshotMeta meta) {
    const std::string path =
        directory_ + "/" + snapshot_file_name(received_prefix, {meta.index, meta.term});
    // The next start removes it, should it still be there.
    static_cast<void>(co_await runtime_.disk.remove(path));
}

// The log says so by now, so a start would do the same.
Task<Result<void>> LogStore::make_received_current(raft::SnapshotMeta meta) {
    const raft::Position position{meta.index, meta.term};
    const std::string from = directory_ + "/" + snapshot_file_name(received_prefix, position);
    const std::string to = directory_ + "/" + snapshot_file_name(snapshot_prefix, position);
    Result<void> renamed = co_await runtime_.disk.rename(from, to);
    if (!renamed && renamed.code() == Code::not_found)
        co_return Error(Code::corrupt, from + ": the snapshot that the log begins with is missing");
    if (!renamed)
        co_return renamed.error().with_context(from);
    CO_TRY(co_await runtime_.disk.sync_directory(directory_));
    const std::optional<raft::SnapshotMeta> old = std::exchange(snapshot_, std::move(meta));
    if (old)
        CO_TRY(co_await remove_snapshot(*old));
    co_return Result<void>();
}

Task<Result<void>> LogStore::remove_snapshot(raft::SnapshotMeta meta) {
    const std::string path =
        directory_ + "/" + snapshot_file_name(snapshot_prefix, {meta.index, meta.term});
    Result<void> removed = co_await runtime_.disk.remove(path);
    if (!removed && removed.code() != Code::not_found)
        co_return removed.error().with_context(path);
    co_return Result<void>();
}

Task<Result<void>> LogStore::release(LogIndex up_to) {
    const Mutex::Guard guard = co_await releasing_.lock();
    while (segments_.size() > 1 && segments_.front().highest <= up_to) {
        const Segment segment = segments_.front();
        segments_.pop_front();
        log_bytes_ -= segment.size;
        const std::string path = path_of(segment.number);
        Result<void> gone;
        if (segment.own && segment.size == options_.segment_size)
            gone = co_await pool_.give(path);
        else
            gone = co_await runtime_.disk.remove(path);
        // One after the other, oldest first, so that a crash leaves no gap.
        if (gone)
            gone = co_await runtime_.disk.sync_directory(directory_);
        if (!gone)
            co_return gone.error().with_context(path);
    }
    co_return Result<void>();
}

}  // namespace cairn::meta
