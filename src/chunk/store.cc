// The life of a store: made, opened, stopped; and what it says about itself.
#include "chunk/store.h"

#include <algorithm>

#include "chunk/applier.h"
#include "chunk/recovery.h"
#include "chunk/store_core.h"
#include "journal/ring_file.h"

namespace cairn::chunk {

namespace {

// A killed predecessor's lock may outlive it by the I/O that it had under way.
constexpr Duration lock_patience = seconds(1);
constexpr Duration lock_retry = milliseconds(20);

Task<Result<std::unique_ptr<FileLock>>> take_lock(Runtime& runtime, std::string path) {
    const Instant deadline = runtime.loop.now() + lock_patience;
    while (true) {
        Result<std::unique_ptr<FileLock>> lock = runtime.disk.lock(path + "/lock");
        if (lock || lock.code() != Code::busy || runtime.loop.now() >= deadline) {
            if (!lock && lock.code() == Code::busy)
                co_return Error(Code::busy, path + " is in use by another chunk server");
            co_return lock;
        }
        co_await Sleep(runtime.loop, lock_retry);
    }
}

}  // namespace

Task<Result<void>> ChunkStore::create(Runtime& runtime, std::string path, Identity identity,
                                      uint64_t journal_size) {
    CO_TRY(co_await runtime.disk.make_directories(path + "/chunks"));
    Result<std::unique_ptr<FileLock>> lock = co_await take_lock(runtime, path);
    if (!lock)
        co_return lock.error();
    Result<FileStatus> existing = co_await runtime.disk.status(path + "/identity");
    if (existing)
        co_return Error(Code::already_exists, path + " is a chunk server's repository already");
    // What a crash left of an earlier attempt; the identity comes last and makes it a repository.
    Result<void> removed = co_await runtime.disk.remove(path + "/journal");
    if (!removed && removed.code() != Code::not_found)
        co_return removed.error();
    CO_TRY(co_await journal::RingFile::create(runtime, path + "/journal", journal_size));
    CO_TRY(co_await replace_file(runtime.disk, path + "/epochs", encode(FileEpochs{})));
    CO_TRY(co_await replace_file(runtime.disk, path + "/starts", encode(StartMarks{})));
    StoreState state;
    state.boot_id = runtime.host.boot_id();
    CO_TRY(co_await replace_file(runtime.disk, path + "/state", encode(state)));
    CO_TRY(co_await replace_file(runtime.disk, path + "/identity", encode(identity)));
    co_return co_await runtime.disk.sync_directory(parent_of(path));
}

Task<Result<std::unique_ptr<ChunkStore>>> ChunkStore::open(Runtime& runtime, StoreOptions options,
                                                           ClusterId cluster) {
    // An empty directory may be a mount point without its disk: nothing is made there.
    const std::string identity = options.path + "/identity";
    Result<FileStatus> made = co_await runtime.disk.status(identity);
    if (!made && made.code() == Code::not_found)
        co_return Error(Code::not_found, "this is no repository of a chunk server, " + identity +
                                             " is missing: is its disk mounted?");
    Result<std::unique_ptr<FileLock>> lock = co_await take_lock(runtime, options.path);
    if (!lock)
        co_return lock.error();
    auto core = std::make_unique<StoreCore>(runtime, std::move(options));
    std::unique_ptr<ChunkStore> store(new ChunkStore(std::move(core), std::move(*lock)));
    Recovery recovery(*store->core_, *store->applier_);
    Result<StartReport> report = co_await recovery.run(cluster);
    if (!report) {
        if (store->core_->journal != nullptr)
            co_await store->core_->journal->stop();
        co_return report.error();
    }
    store->report_ = *report;
    store->core_->on_failure = [raw = store.get()] {
        raw->scope_.spawn(raw->record_failure());
    };
    store->applier_->start();
    co_return store;
}

ChunkStore::ChunkStore(std::unique_ptr<StoreCore> core, std::unique_ptr<FileLock> lock)
    : core_(std::move(core)),
      applier_(std::make_unique<Applier>(*core_)),
      lock_(std::move(lock)),
      scope_(core_->runtime.loop),
      idle_(core_->runtime.loop) {}

ChunkStore::~ChunkStore() = default;

const Identity& ChunkStore::identity() const {
    return core_->identity;
}

Task<Result<void>> ChunkStore::stop() {
    core_->stopping = true;
    core_->room_changed();
    core_->gate.notify_all();
    while (operations_ != 0)
        co_await idle_.wait();
    co_await applier_->stop();
    Result<void> outcome;
    if (!core_->failure) {
        Result<bool> emptied = co_await applier_->checkpoint();
        if (!emptied)
            core_->fail(emptied.error());
        else if (!*emptied)
            outcome = Error(
                Code::no_space,
                core_->options.path + " is full: what could not be placed stays in the journal");
    }
    co_await core_->journal->stop();
    if (!core_->failure && outcome) {
        core_->state.clean = true;
        outcome = co_await core_->save_state();
        if (outcome)
            core_->journal->forget_staged();
    }
    co_await scope_.join();
    if (core_->failure)
        co_return *core_->failure;
    co_return outcome;
}

Task<Result<void>> ChunkStore::set_admitted() {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    if (!core_->state.unadmitted)
        co_return Result<void>();
    core_->state.unadmitted = false;
    co_return co_await core_->save_state();
}

Task<Result<void>> ChunkStore::set_start_accepted() {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    if (core_->starts.marks.size() == 1)
        co_return Result<void>();
    core_->starts.marks = {report_.start_mark};
    co_return co_await replace_file(core_->runtime.disk, core_->path_of("starts"),
                                    encode(core_->starts));
}

Task<void> ChunkStore::record_failure() {
    core_->state.failed = true;
    Result<void> saved = co_await core_->save_state();
    if (!saved)
        core_->runtime.log.write(Severity::error, "cs",
                                 "the failure could not be recorded: " + saved.error().message());
}

std::optional<ChunkInfo> ChunkStore::find(ChunkId chunk) const {
    const ChunkRef entry = core_->find(chunk);
    if (entry == nullptr)
        return std::nullopt;
    return ChunkInfo{entry->id, entry->file, entry->size, entry->version, entry->state};
}

std::optional<ChunkHeader> ChunkStore::header(ChunkId chunk) const {
    const ChunkRef entry = core_->find(chunk);
    if (entry == nullptr)
        return std::nullopt;
    return entry->header(core_->identity.cluster);
}

std::vector<ChunkInfo> ChunkStore::list() const {
    std::vector<ChunkInfo> chunks;
    chunks.reserve(core_->chunks.size());
    for (const auto& [id, entry] : core_->chunks)
        chunks.push_back({id, entry->file, entry->size, entry->version, entry->state});
    std::sort(chunks.begin(), chunks.end(),
              [](const ChunkInfo& a, const ChunkInfo& b) { return a.chunk < b.chunk; });
    return chunks;
}

LeaseEpoch ChunkStore::file_epoch(FileId file) const {
    const auto found = core_->epochs.find(file);
    return found == core_->epochs.end() ? LeaseEpoch() : found->second;
}

LogIndex ChunkStore::log_position() const {
    return core_->state.log_position;
}

Result<DiskSpace> ChunkStore::space() const {
    Result<DiskSpace> space = core_->runtime.disk.space(core_->options.path);
    if (space)
        space->free = static_cast<uint64_t>(std::max<int64_t>(0, core_->space_left()));
    return space;
}

Event& ChunkStore::failed() {
    return core_->failed;
}

const std::optional<Error>& ChunkStore::failure() const {
    return core_->failure;
}

StoreCounters ChunkStore::counters() const {
    StoreCounters counters = counters_;
    counters.lost_pages = core_->tables.damaged_count();
    return counters;
}

Task<Result<void>> ChunkStore::checkpoint_now() {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    co_return co_await applier_->request_checkpoint();
}

}  // namespace cairn::chunk
