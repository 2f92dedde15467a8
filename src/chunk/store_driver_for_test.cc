#include "chunk/store_driver_for_test.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::chunk::test {

namespace {

constexpr uint64_t chunk_ids = 3;
constexpr uint64_t file_ids = 2;
const ClusterId test_cluster{{1, 2, 3}};

}  // namespace

bool Driver::accept(const Error& error, const char* what) {
    if (error.code() == Code::no_space && options_.no_space_expected) {
        refused_for_space++;
        return true;
    }
    if (options_.errors_expected) {
        store_failed |= store_ != nullptr && store_->failure().has_value();
        return true;
    }
    model_.fail(fmt::format("{}: {} ({})", what, error.message(), name_of(error.code())));
    return false;
}

Task<std::unique_ptr<ChunkStore>> Driver::open(Runtime& runtime, Since since) {
    if (!created) {
        const Identity identity{
            .cluster = test_cluster, .cs = CsId(1025), .no_verify = options_.no_verify};
        Result<void> made = co_await ChunkStore::create(runtime, options_.store.path, identity,
                                                        options_.journal_size);
        if (!made && made.code() != Code::already_exists) {
            accept(made.error(), "create");
            co_return nullptr;
        }
        // One that was there may not be durable before it is opened.
        created = made.has_value();
    }
    Result<std::unique_ptr<ChunkStore>> store =
        co_await ChunkStore::open(runtime, options_.store, test_cluster);
    last_open_failed = !store;
    if (!store) {
        accept(store.error(), "open");
        co_return nullptr;
    }
    opened++;
    created = true;
    last_report = (*store)->start_report();
    check_report(since);
    co_return std::move(*store);
}

void Driver::check_report(Since since) {
    const bool errors = options_.errors_expected;
    if (since == Since::power_cut && !stop_was_begun_ && !last_report.unclean && !errors)
        model_.fail("a start after a power cut was taken for clean");
    if ((since == Since::kill || since == Since::stop) && was_admitted_ && last_report.unclean &&
        !last_report.journal_cut && !errors)
        model_.fail("a start after a kill was taken for unclean, and the journal was whole");
    const bool all_staged = options_.store.staging_bytes > options_.journal_size;
    if (since == Since::kill && was_admitted_ && all_staged && !memory_forgotten && !errors &&
        last_report.journal_cut)
        model_.fail("the journal of a killed store was cut, and its memory was there");
    if (since == Since::stop && last_report.journal_cut)
        model_.fail("the journal of a stopped store was cut");
    if (last_report.unclean && last_report.integrity_sequence <= integrity_when_admitted)
        model_.fail("the integrity sequence was not raised");
    if (last_report.sync_epoch <= last_epoch)
        model_.fail("the sync epoch was not raised");
    last_epoch = last_report.sync_epoch;
    for (const StartReport::Damaged& damaged : last_report.damaged)
        model_.fail("damaged: " + damaged.why);
}

Task<void> Driver::compare_all(Since since) {
    const bool held_survived =
        (since != Since::power_cut || stop_was_begun_) && !last_report.unclean;
    model_.busy.clear();
    for (auto& [number, chunk] : model_.chunks) {
        const ChunkId id(number);
        const std::optional<ChunkInfo> info = store_->find(id);
        if (!info && chunk.must_exist)
            model_.fail(fmt::format("chunk {} is gone", number));
        if (info && !chunk.may_exist)
            model_.fail(fmt::format("chunk {} is back", number));
        chunk.must_exist = chunk.may_exist = info.has_value();
        if (!info) {
            chunk.history.clear();
            chunk.version = {};
            continue;
        }
        if (!chunk.version.allows(info->version.number, held_survived))
            model_.fail(fmt::format("chunk {} has version {}", number, info->version.number));
        chunk.version.settle(info->version.number);
        co_await compare_chunk(id, chunk, held_survived);
    }
    for (auto& [file, epoch] : model_.epochs) {
        const uint64_t now = store_->file_epoch(FileId(file)).number;
        if (!epoch.allows(now, held_survived))
            model_.fail(fmt::format("file {} has epoch {}", file, now));
        epoch.settle(now);
    }
    const uint64_t position = store_->log_position().number;
    if (!model_.log_position.allows(position, held_survived))
        model_.fail(fmt::format("the log position is {}", position));
    model_.log_position.settle(position);
    for (const ChunkInfo& info : store_->list()) {
        if (!model_.chunks.contains(info.chunk.number))
            model_.fail("a chunk nobody made");
    }
}

Task<void> Driver::compare_chunk(ChunkId id, ChunkModel& chunk, bool held_survived) {
    for (auto& [block, history] : chunk.history) {
        std::vector<BadBlock> bad;
        Result<ChunkRead> read = co_await store_->read(id, block, 1, bad);
        if (!read) {
            bad_blocks += bad.size();
            accept(read.error(), "read after a start");
            continue;
        }
        const std::optional<Value> value = value_of(read->data.view());
        if (!value)
            model_.fail(fmt::format("chunk {} block {} is torn", id.number, block));
        else if (!history.allows(*value, held_survived))
            model_.fail(fmt::format("chunk {} block {} holds {} (newest held {}, {} possible{})",
                                    id.number, block, *value, history.newest_held().value,
                                    history.entries.size(), held_survived ? ", kill" : ""));
        if (value)
            history.settle(*value);
    }
}

Task<void> Driver::run(Runtime& runtime, Since since) {
    runtime_ = &runtime;
    store_ = nullptr;
    const std::unique_ptr<ChunkStore> store = co_await open(runtime, since);
    store_ = store.get();
    counted_ = {};
    if (store_ != nullptr) {
        co_await compare_all(since);
        settled = true;
        Result<void> done = co_await store_->set_admitted();
        if (!done)
            accept(done.error(), "set_admitted");
        admitted = done.has_value();
        if (admitted)
            integrity_when_admitted = last_report.integrity_sequence;
        Scope scope(runtime.loop);
        for (uint32_t i = 0; i < options_.workers; i++)
            scope.spawn(worker(options_.operations / options_.workers));
        co_await scope.join();
        failures += store_->failure().has_value();
        store_failed |= store_->failure().has_value();
        if (options_.stop_at_end || store_->failure()) {
            stop_begun = true;
            Result<void> ended = co_await store_->stop();
            stopped = ended.has_value();
            if (!ended)
                accept(ended.error(), "stop");
        } else {
            // The frames go with the process, as a kill would have it.
            co_await Sleep(runtime.loop, seconds(3600));
        }
    }
}

Task<void> Driver::worker(uint32_t operations) {
    for (uint32_t i = 0; i < operations && !store_->failure(); i++) {
        co_await one_operation();
        if (random_.below(8) == 0)
            co_await Sleep(runtime_->loop, milliseconds(static_cast<int64_t>(random_.below(10))));
    }
}

Task<void> Driver::one_operation() {
    const uint64_t dice = random_.below(100);
    if (dice < 8 || model_.chunks.empty())
        co_await make_chunk();
    else if (dice < 10 && options_.removals)
        co_await remove_chunk();
    else if (dice < 55)
        co_await write_some();
    else if (dice < 62)
        co_await zero_some();
    else if (dice < 78)
        co_await read_some();
    else if (dice < 82)
        co_await read_table();
    else if (dice < 92)
        co_await flush_all();
    else if (dice < 94)
        co_await raise_version();
    else if (dice < 97)
        co_await raise_epoch();
    else
        co_await raise_position();
}

Driver::Target Driver::pick_any(uint32_t count_max) {
    const uint64_t id = 1 + random_.below(chunk_ids);
    const auto found = model_.chunks.find(id);
    if (found == model_.chunks.end() || !found->second.must_exist)
        return {};
    // Near the borders of table pages as often as not.
    const uint32_t blocks = found->second.blocks;
    auto first = static_cast<uint32_t>(random_.below(std::min<uint32_t>(blocks, 16)));
    if (blocks > entries_per_page && random_.below(2) == 0)
        first = entries_per_page - 8 + first;
    const auto wanted = static_cast<uint32_t>(1 + random_.below(count_max));
    return {ChunkId(id), &found->second, first, std::min(wanted, blocks - first)};
}

Driver::Target Driver::pick(uint32_t count_max) {
    return claim(pick_any(count_max));
}

// Whole slices, as a large write should have them.
Driver::Target Driver::pick_slices() {
    Target target = pick_any(1);
    if (target.count == 0)
        return {};
    const uint32_t slice =
        ChunkGeometry{uint64_t{target.model->blocks} * block_size}.slice_blocks();
    target.first -= target.first % slice;
    target.count = std::min(static_cast<uint32_t>(1 + random_.below(2)) * slice,
                            target.model->blocks - target.first);
    return claim(target);
}

Driver::Target Driver::claim(Target target) {
    for (uint32_t i = 0; i < target.count; i++) {
        if (model_.busy.contains({target.chunk.number, target.first + i}))
            return {};
    }
    for (uint32_t i = 0; i < target.count; i++)
        model_.busy.insert({target.chunk.number, target.first + i});
    return target;
}

void Driver::let_go(const Target& target) {
    for (uint32_t i = 0; i < target.count; i++)
        model_.busy.erase({target.chunk.number, target.first + i});
}

WriteTag Driver::tag_for(const Target& target) {
    Growing& version = target.model->version;
    version.issued += random_.below(10) == 0;
    Growing& epoch = model_.epochs[target.model->file];
    epoch.issued += random_.below(10) == 0;
    return {.chunk = target.chunk,
            .version = Version(static_cast<uint32_t>(version.issued)),
            .file = FileId(target.model->file),
            .epoch = LeaseEpoch(epoch.issued)};
}

void Driver::note_answer(const Target& target, const WriteTag& tag, uint64_t serial,
                         const Result<void>& outcome) {
    if (!outcome) {
        if (outcome.code() != Code::stale_map && outcome.code() != Code::replica_lost)
            accept(outcome.error(), "write");
        return;
    }
    for (uint32_t i = 0; i < target.count; i++)
        target.model->history[target.first + i].answered(serial);
    Growing& version = target.model->version;
    version.held = std::max<uint64_t>(version.held, tag.version.number);
    Growing& epoch = model_.epochs[tag.file.number];
    epoch.held = std::max(epoch.held, tag.epoch.number);
}

Task<void> Driver::write_some() {
    const uint64_t dice = random_.below(8);
    const Target target = dice < 2 ? pick_slices() : pick(dice < 3 ? 40 : 6);
    if (target.count == 0)
        co_return;
    const Value first_value = model_.next_value;
    model_.next_value += target.count;
    const uint64_t serial = model_.next_serial++;
    ChunkWrite write{.tag = tag_for(target),
                     .first_block = target.first,
                     .data = Buffer::allocate(size_t{target.count} * block_size),
                     .checksums = {},
                     .durable = options_.durable_writes && random_.below(4) == 0};
    const bool durable = write.durable;
    for (uint32_t i = 0; i < target.count; i++) {
        const MutableByteView block =
            write.data.mutable_view().subspan(size_t{i} * block_size, block_size);
        fill(block, first_value + i);
        write.checksums.push_back(block_checksum(target.chunk, target.first + i, block));
        target.model->history[target.first + i].issue(first_value + i, serial);
    }
    const WriteTag tag = write.tag;
    const Answered answered = durable ? answered_so_far() : Answered();
    Result<void> outcome = co_await store_->write(std::move(write));
    const StoreCounters counters = store_->counters();
    placed_bytes += counters.placed_bytes - counted_.placed_bytes;
    moved_slices += counters.moved_slices - counted_.moved_slices;
    counted_ = counters;
    note_answer(target, tag, serial, outcome);
    if (durable && outcome) {
        is_durable(answered);
        for (uint32_t i = 0; i < target.count && answered.removals == removals_; i++)
            target.model->history[target.first + i].durable(serial);
    }
    let_go(target);
}

Task<void> Driver::zero_some() {
    const Target target = pick(12);
    if (target.count == 0)
        co_return;
    const uint64_t serial = model_.next_serial++;
    for (uint32_t i = 0; i < target.count; i++)
        target.model->history[target.first + i].issue(0, serial);
    const WriteTag tag = tag_for(target);
    Result<void> outcome = co_await store_->write_zeros({.tag = tag,
                                                         .first_block = target.first,
                                                         .count = target.count,
                                                         .punch = random_.below(2) == 0});
    note_answer(target, tag, serial, outcome);
    let_go(target);
}

// Also blocks that are just being written, as repair and scrub would.
Task<void> Driver::read_some() {
    const Target target = pick_any(8);
    if (target.count == 0)
        co_return;
    const uint64_t removals = removals_;
    std::vector<uint64_t> serials;
    for (uint32_t i = 0; i < target.count; i++)
        serials.push_back(target.model->history[target.first + i].newest_held().serial);
    std::vector<BadBlock> bad;
    Result<ChunkRead> read = co_await store_->read(target.chunk, target.first, target.count, bad);
    if (removals != removals_)
        co_return;  // it may be another chunk by now
    if (!read && read.code() != Code::replica_lost) {
        bad_blocks += bad.size();
        accept(read.error(), "read");
    }
    for (uint32_t i = 0; i < target.count && read; i++) {
        const uint32_t block = target.first + i;
        const ByteView content = read->data.view().subspan(size_t{i} * block_size, block_size);
        const std::optional<Value> value = value_of(content);
        if (!value)
            model_.fail(fmt::format("a torn read of block {}", block));
        else if (!target.model->history[block].seen(*value, serials[i]))
            model_.fail(fmt::format("block {} read as {}, newest held {}", block, *value,
                                    target.model->history[block].newest_held().value));
        if (read->checksums[i] != block_checksum(target.chunk, block, content))
            model_.fail("a read gave a wrong checksum");
    }
}

Task<void> Driver::read_table() {
    const Target target = pick(8);
    if (target.count == 0)
        co_return;
    auto sums = co_await store_->table(target.chunk, target.first, target.count);
    if (!sums && sums.code() != Code::replica_lost)
        accept(sums.error(), "table");
    Bytes content(block_size);
    for (uint32_t i = 0; i < target.count && sums; i++) {
        const BlockHistory& history = target.model->history[target.first + i];
        bool known = (*sums)[i].lost && options_.errors_expected;
        for (const BlockHistory::Entry& entry : history.entries) {
            fill(content, entry.value);
            known |= block_checksum(target.chunk, target.first + i, content) == (*sums)[i].checksum;
        }
        if (!known)
            model_.fail("the table has a checksum of nothing that was written");
    }
    let_go(target);
}

Driver::Answered Driver::answered_so_far() {
    Answered answered;
    answered.removals = removals_;
    for (auto& [number, chunk] : model_.chunks) {
        if (!chunk.must_exist)
            continue;
        for (auto& [block, history] : chunk.history)
            answered.blocks.emplace_back(&history, history.newest_held().serial);
        answered.grown.emplace_back(&chunk.version, chunk.version.held);
    }
    for (auto& [file, epoch] : model_.epochs)
        answered.grown.emplace_back(&epoch, epoch.held);
    return answered;
}

void Driver::is_durable(const Answered& answered) {
    if (answered.removals != removals_)
        return;  // what it was about is not there any more
    for (const auto& [history, serial] : answered.blocks)
        history->durable(serial);
    for (const auto& [growing, value] : answered.grown)
        growing->durable = std::max(growing->durable, value);
}

// What was answered before the flush is asked for must be durable after it.
Task<void> Driver::flush_all() {
    const Answered answered = answered_so_far();
    Result<void> flushed = co_await store_->flush();
    if (flushed)
        is_durable(answered);
    else
        accept(flushed.error(), "flush");
}

Task<void> Driver::raise_version() {
    const Target target = pick(1);
    if (target.count == 0)
        co_return;
    Growing& version = target.model->version;
    const uint64_t raised = ++version.issued;
    Result<void> done =
        co_await store_->set_version(target.chunk, Version(static_cast<uint32_t>(raised)));
    if (!done && done.code() != Code::replica_lost)
        accept(done.error(), "set_version");
    if (done) {
        version.held = std::max(version.held, raised);
        version.durable = std::max(version.durable, raised);
    }
    let_go(target);
}

Task<void> Driver::raise_epoch() {
    const uint64_t file = 1 + random_.below(file_ids);
    Growing& epoch = model_.epochs[file];
    const uint64_t raised = ++epoch.issued;
    Result<void> done = co_await store_->set_file_epoch(FileId(file), LeaseEpoch(raised));
    if (!done)
        accept(done.error(), "set_file_epoch");
    else
        epoch.held = epoch.durable = std::max(epoch.durable, raised);
}

Task<void> Driver::raise_position() {
    const uint64_t raised = ++model_.log_position.issued;
    Result<void> done = co_await store_->set_log_position(LogIndex(raised));
    if (!done)
        accept(done.error(), "set_log_position");
    else
        model_.log_position.held = model_.log_position.durable =
            std::max(model_.log_position.durable, raised);
}

Task<void> Driver::make_chunk() {
    const uint64_t id = 1 + random_.below(chunk_ids);
    ChunkModel& chunk = model_.chunks[id];
    if (chunk.may_exist || model_.busy.contains({id, UINT32_MAX}))
        co_return;
    model_.busy.insert({id, UINT32_MAX});
    chunk = {.blocks = static_cast<uint32_t>(options_.chunk_size / block_size),
             .file = 1 + id % file_ids,
             .may_exist = true,
             .must_exist = false,
             .version = {.issued = 1, .held = 1, .durable = 1},
             .history = {}};
    ChunkHeader header;
    header.chunk = ChunkId(id);
    header.file = FileId(chunk.file);
    header.size = options_.chunk_size;
    header.version = Version(1);
    header.layout = "replicas=3:2";
    header.path_hint = "/disks/a";
    header.attributes = Bytes(40, std::byte{7});
    Result<void> made = co_await store_->create_chunk(std::move(header));
    if (!made)
        accept(made.error(), "create_chunk");
    if (made || made.code() != Code::no_space)
        chunk.must_exist = made.has_value();
    else
        chunk.may_exist = false;
    model_.busy.erase({id, UINT32_MAX});
}

Task<void> Driver::remove_chunk() {
    const uint64_t id = 1 + random_.below(chunk_ids);
    const auto found = model_.chunks.find(id);
    if (found == model_.chunks.end() || !found->second.must_exist)
        co_return;
    for (const auto& [chunk, block] : model_.busy) {
        if (chunk == id)
            co_return;
    }
    model_.busy.insert({id, UINT32_MAX});
    found->second.must_exist = false;
    removals_++;
    Result<void> removed = co_await store_->remove_chunk(ChunkId(id));
    if (removed) {
        found->second.may_exist = false;
        found->second.history.clear();
    } else {
        accept(removed.error(), "remove_chunk");
    }
    removals_++;
    model_.busy.erase({id, UINT32_MAX});
}

}  // namespace cairn::chunk::test
