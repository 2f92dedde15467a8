#include "chunk/recovery.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "chunk/for_each.h"
#include "chunk/recovery_passes.h"
#include "journal/direct_io.h"
#include "journal/ring_completion.h"
#include "runtime/disk.h"

namespace cairn::chunk {

namespace {

constexpr size_t parallel_scans = 16;
constexpr int header_tries = 3;
// A killed predecessor's memory may be its own for a moment after its lock was given up.
constexpr Duration memory_patience = seconds(1);
constexpr Duration memory_retry = milliseconds(5);

template <class T>
Result<T> with_path(Result<T> result, const std::string& path) {
    if (result)
        return result;
    return Error(result.code(), path + ": " + result.error().message() +
                                    "; remove this chunk server and let its data be rebuilt");
}

}  // namespace

Task<Result<StartReport>> Recovery::run(ClusterId cluster) {
    CO_TRY(co_await read_small_files(cluster));
    // Whoever made the repository may have been killed before its names were durable.
    CO_TRY(co_await core_.runtime.disk.sync_directory(core_.options.path));
    CO_TRY(co_await core_.runtime.disk.sync_directory(parent_of(core_.options.path)));
    auto ring = co_await journal::RingFile::open(core_.runtime, core_.path_of("journal"));
    if (!ring)
        co_return ring.error();
    ring_ = std::move(*ring);
    CO_TRY(co_await complete_journal());
    // What is read must not vanish in a power cut after it was acted upon.
    CO_TRY(co_await ring_->sync());
    CO_TRY(co_await scan_chunks());
    // 1. Everything but data.
    MetadataPass metadata(*this);
    journal::RingReader reader(*ring_);
    // A store that was stopped in order left nothing behind.
    const journal::Tail tail = core_.state.clean ? journal::Tail::ignore : journal::Tail::judge;
    Result<journal::RingEnd> end = co_await reader.replay(metadata, tail);
    if (!end)
        co_return end.error();
    CO_TRY(co_await set_damaged_aside());
    CO_TRY(co_await sync_placed());
    // 2. What kind of start this is, durable before anything else can depend on it.
    CO_TRY(co_await start_session(*end));
    // 3. Data, then everything in place and the ring empty.
    CO_TRY(co_await replay_data(*end));
    CO_TRY(co_await empty_journal());
    report_.integrity_sequence = core_.state.integrity_sequence;
    report_.sync_epoch = core_.state.sync_epoch;
    report_.log_position = core_.state.log_position;
    co_return report_;
}

// Where there is none the journal does without.
Task<void> Recovery::take_staging() {
    const uint64_t bytes = core_.options.staging_bytes;
    if (bytes == 0)
        co_return;
    Host& host = core_.runtime.host;
    const Instant deadline = core_.runtime.loop.now() + memory_patience;
    Result<std::unique_ptr<SharedMemory>> memory = host.shared_memory(ring_->path(), bytes);
    while (memory.code() == Code::busy && core_.runtime.loop.now() < deadline) {
        co_await Sleep(core_.runtime.loop, memory_retry);
        memory = host.shared_memory(ring_->path(), bytes);
    }
    if (memory)
        staging_ = std::make_unique<journal::StagingArea>(std::move(*memory));
    else
        core_.runtime.log.write(Severity::warning, "cs",
                                "writes wait for the journal's disk: " + memory.error().message());
}

// After a kill: what the process held in memory only goes to the ring, as it would have sooner or
// later.
Task<Result<void>> Recovery::complete_journal() {
    co_await take_staging();
    const journal::Superblock& superblock = ring_->superblock();
    if (!superblock.staged || core_.state.clean ||
        core_.state.boot_id != core_.runtime.host.boot_id())
        co_return Result<void>();
    const auto session = staging_ ? staging_->session_of(superblock.ring_id) : std::nullopt;
    // Begun by a start that was killed before its journal counted on it: nothing was held there.
    if (session == superblock.session + 1)
        co_return Result<void>();
    if (session != superblock.session || !core_.options.rules.complete_journal) {
        staged_lost_ = session != superblock.session;
        co_return Result<void>();
    }
    Result<std::vector<journal::StagedRecord>> records = staging_->records();
    if (!records) {
        staged_lost_ = true;
        co_return Result<void>();
    }
    if (records->empty())
        co_return Result<void>();  // the ring was whole when it ended, and need not be read for it
    CompletionPass verifier;
    auto completed = co_await journal::complete_ring(*ring_, std::move(*records), verifier);
    if (!completed)
        co_return completed.error();
    staged_lost_ = completed->anything_lost;
    co_return Result<void>();
}

Task<Result<void>> Recovery::empty_journal() {
    core_.reserve_images(applier_.imaged);
    Result<bool> emptied = co_await applier_.checkpoint();
    if (!emptied)
        co_return emptied.error();
    if (*emptied) {
        CO_TRY(co_await core_.journal->wait_written(core_.journal->mark()));
        co_return co_await repair_headers();
    }
    // The disk is full: what could not be placed stays pending, in memory and in the ring.
    core_.no_space = true;
    core_.has_unsaved = true;
    core_.oldest_pending = core_.runtime.loop.now();
    co_return Result<void>();
}

// Where one of the two headers of a chunk was not what the other is. Done last: the room in the
// journal was not set aside for this.
Task<Result<void>> Recovery::repair_headers() {
    bool any = false;
    for (const ChunkId id : headers_to_repair_) {
        const ChunkRef chunk = core_.find(id);
        if (chunk == nullptr || !core_.journal->try_reserve(journal::RingJournal::image_space(1)))
            continue;
        core_.image_reserve += journal::RingJournal::image_space(1);
        chunk->header_dirty = any = true;
    }
    if (!any)
        co_return Result<void>();
    Result<bool> done = co_await applier_.checkpoint();
    if (!done)
        co_return done.error();
    co_return Result<void>();
}

Task<Result<void>> Recovery::read_small_files(ClusterId cluster) {
    Disk& disk = core_.runtime.disk;
    const std::string identity_path = core_.path_of("identity");
    Result<Bytes> bytes = co_await read_whole_file(disk, identity_path, small_file_max);
    if (!bytes)
        co_return bytes.error().with_context(core_.options.path + " is no repository");
    Result<Identity> identity = with_path(decode_identity(*bytes), identity_path);
    if (!identity)
        co_return identity.error();
    core_.identity = *identity;
    if (!cluster.is_none() && core_.identity.cluster != cluster)
        co_return Error(Code::wrong_cluster,
                        fmt::format("{} belongs to cluster {}, not to {}", core_.options.path,
                                    to_string(core_.identity.cluster), to_string(cluster)));
    const std::string state_path = core_.path_of("state");
    bytes = co_await read_whole_file(disk, state_path, small_file_max);
    if (!bytes)
        co_return bytes.error();
    Result<StoreState> state = with_path(decode_state(*bytes), state_path);
    if (!state)
        co_return state.error();
    core_.state = *state;
    const std::string epochs_path = core_.path_of("epochs");
    bytes = co_await read_whole_file(disk, epochs_path, epochs_file_max);
    if (!bytes)
        co_return bytes.error();
    Result<FileEpochs> epochs = with_path(decode_epochs(*bytes), epochs_path);
    if (!epochs)
        co_return epochs.error();
    core_.epochs = std::move(*epochs);
    co_return co_await read_starts();
}

Task<Result<void>> Recovery::read_starts() {
    const std::string path = core_.path_of("starts");
    Result<Bytes> bytes =
        with_path(co_await read_whole_file(core_.runtime.disk, path, starts_file_max), path);
    if (!bytes)
        co_return bytes.error();
    Result<StartMarks> starts = with_path(decode_starts(*bytes), path);
    if (!starts)
        co_return starts.error();
    core_.starts = std::move(*starts);
    co_return Result<void>();
}

// Durable before a master can hear of it: the next start must know it if that was the last thing
// that this one did.
Task<Result<void>> Recovery::note_start() {
    report_.earlier_marks = core_.starts.marks;
    report_.start_mark = core_.runtime.random.next() | 1;
    core_.starts.add(report_.start_mark);
    co_return co_await replace_file(core_.runtime.disk, core_.path_of("starts"),
                                    encode(core_.starts));
}

Task<Result<void>> Recovery::scan_chunks() {
    auto folders = co_await core_.runtime.disk.list(core_.path_of("chunks"));
    if (!folders)
        co_return folders.error();
    const auto scan_one = [&](size_t i) {
        return scan_folder((*folders)[i].name);
    };
    co_return co_await for_each(core_.runtime.loop, parallel_scans, folders->size(), scan_one);
}

Task<Result<void>> Recovery::scan_folder(std::string name) {
    const std::string folder = core_.path_of("chunks") + "/" + name;
    auto files = co_await core_.runtime.disk.list(folder);
    if (!files && files.code() == Code::not_a_directory)
        co_return Result<void>();
    if (!files)
        co_return files.error();
    for (const DirectoryEntry& file : *files)
        CO_TRY(co_await scan_file(folder, file.name));
    co_return Result<void>();
}

Task<Result<void>> Recovery::scan_file(std::string folder, std::string name) {
    if (const Result<ChunkId> damaged = parse_damaged_file_name(name)) {
        unusable_[*damaged] = "it was set aside as damaged before";
        co_return Result<void>();
    }
    const Result<ChunkId> id = parse_chunk_file_name(name);
    if (!id)
        co_return Result<void>();  // not ours
    const std::string path = folder + "/" + name;
    auto file = co_await core_.runtime.disk.open(path, {.caching = Caching::direct});
    if (!file)
        co_return file.error();
    Buffer both = Buffer::zeroed(size_t{2} * block_size);
    Result<void> read;
    for (int i = 0; i < header_tries; i++) {
        read = co_await journal::read_blocks(**file, 0, both.mutable_view());
        // An empty file is one that a crash left so.
        if (read || read.code() == Code::out_of_range)
            break;
    }
    // What cannot be read now may be readable next time: to go on without it would lose for ever
    // what the journal has for it.
    if (!read && read.code() != Code::out_of_range)
        co_return read.error().with_context(path);
    judge_header(*id, both.view());
    co_return Result<void>();
}

void Recovery::judge_header(ChunkId id, ByteView both) {
    Result<HeaderBlock> best = decode_header(both.first(block_size));
    Result<HeaderBlock> second = decode_header(both.subspan(block_size));
    const bool alike = best && second && *best == *second;
    if (second && (!best || best->sequence < second->sequence))
        best = std::move(second);
    if (!best) {
        unusable_[id] = best.error().message();
    } else if (best->header.chunk != id) {
        unusable_[id] = "its header names another chunk";
    } else if (best->header.cluster != core_.identity.cluster) {
        unusable_[id] = "it belongs to another cluster";
    } else {
        add_chunk(*best);
        if (!alike)
            headers_to_repair_.push_back(id);
    }
}

void Recovery::add_chunk(const HeaderBlock& block) {
    core_.chunks.insert_or_assign(block.header.chunk,
                                  std::make_shared<ChunkEntry>(block, core_.next_serial++));
}

// A chunk that cannot be used now must not come back at a later start: by then the journal has let
// go of what belongs to it. So its file gets another name.
Task<Result<void>> Recovery::set_damaged_aside() {
    for (const ChunkId chunk : missing_)
        unusable_[chunk] = "its file is not there";
    for (const auto& [chunk, why] : unusable_) {
        report_.damaged.push_back({chunk, core_.files.path_of(chunk) + ": " + why});
        core_.damaged.insert(chunk);
        core_.runtime.log.write(Severity::error, "cs",
                                core_.files.path_of(chunk) + " cannot be used: " + why);
        Result<void> renamed = co_await core_.runtime.disk.rename(
            core_.files.path_of(chunk), core_.files.damaged_path_of(chunk));
        if (!renamed && renamed.code() != Code::not_found)
            co_return renamed.error();
        if (renamed)
            CO_TRY(co_await core_.runtime.disk.sync_directory(core_.files.folder_of(chunk)));
    }
    co_return Result<void>();
}

// What was found in place is about to be built upon, like what was found in the journal: it must
// not vanish in a power cut.
Task<Result<void>> Recovery::sync_placed() {
    if (!core_.options.rules.sync_replayed)
        co_return Result<void>();
    for (const auto& [id, ranges] : placed_) {
        const ChunkRef chunk = core_.find(id);
        if (chunk == nullptr)
            continue;
        Result<std::shared_ptr<File>> file = co_await core_.files.get(chunk);
        if (!file)
            co_return file.error();
        CO_TRY(co_await journal::sync_file(**file));
    }
    co_return Result<void>();
}

Task<Result<void>> Recovery::start_session(journal::RingEnd end) {
    StoreState& state = core_.state;
    const uint64_t boot_id = core_.runtime.host.boot_id();
    report_.journal_cut = end.cut || staged_lost_;
    report_.integrity_raised = (!state.clean && state.boot_id != boot_id) || state.failed ||
                               (end.cut && core_.options.rules.count_cut_as_unclean) ||
                               (staged_lost_ && core_.options.rules.count_lost_as_unclean);
    state.integrity_sequence += report_.integrity_raised ? 1 : 0;
    state.unadmitted |= report_.integrity_raised;
    report_.unclean = state.unadmitted;
    state.sync_epoch++;
    state.boot_id = boot_id;
    state.clean = false;
    state.failed = false;
    CO_TRY(co_await note_start());
    CO_TRY(co_await core_.save_state());
    ring_in_use_ = ring_.get();
    const uint64_t capacity_blocks = ring_->capacity() / block_size;
    limit_memory();
    core_.record_blocks_max =
        static_cast<uint32_t>(std::clamp<uint64_t>(capacity_blocks / 8, 1, 256));
    core_.journal = std::make_unique<journal::RingJournal>(
        core_.runtime, std::move(ring_), end,
        journal::RingOptions{.staging = std::move(staging_),
                             .sync_on_flush = core_.options.rules.sync_on_flush,
                             .durable_in_order = core_.options.rules.durable_in_order,
                             .sync_more = [&core = core_] { return core.sync_placed(); },
                             .has_more_to_sync =
                                 [&core = core_] {
                                     return core.has_placed_to_sync();
                                 }});
    co_return co_await core_.journal->start();
}

// A burst that the journal holds should not have to wait for its blocks to be applied, and the more
// are applied at once, the more of them lie together. It is given back when they have been.
void Recovery::limit_memory() {
    core_.options.pending_bytes_max =
        std::max(core_.options.pending_bytes_max,
                 std::min(ring_in_use_->capacity(), core_.options.pending_bytes_top));
}

Task<Result<void>> Recovery::replay_data(journal::RingEnd end) {
    DataPass data(*this);
    journal::RingReader reader(*ring_in_use_);
    Result<journal::RingEnd> again = co_await reader.replay_until(data, end.sequence);
    if (!again)
        co_return again.error();
    if (again->position != end.position || again->sequence != end.sequence)
        co_return Error(Code::io_error, core_.path_of("journal") + " does not read the same twice");
    co_return Result<void>();
}

}  // namespace cairn::chunk
