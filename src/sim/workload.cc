#include "sim/workload.h"

#include <algorithm>
#include <fmt/core.h>

#include "sim/block_value.h"

namespace cairn::sim {

// Nobody else holds a lease on it now: what a former writer had under way has happened, or never
// will.
void Workload::opened(FileId file) {
    state_.opens++;
    for (const History::OperationId id : state_.open_writes[file])
        state_.history.abandon_write(id, now_());
    state_.open_writes[file].clear();
}

void Workload::forget_write(FileId file, History::OperationId id) {
    std::erase(state_.open_writes[file], id);
}

Task<bool> Workload::write_some(client::OpenFile& file, uint64_t writer) {
    const uint64_t count = 1 + runtime_.random.below(3);
    const uint64_t block = runtime_.random.below(options_.blocks_per_file - count);
    const BlockValue value = state_.next_value;
    state_.next_value += count;
    Buffer data = Buffer::allocate(count * block_size);
    spell_values(value, data.mutable_view());
    std::vector<History::OperationId> ids;
    for (uint64_t i = 0; i < count; i++) {
        ids.push_back(
            state_.history.begin_write({file.id(), block + i}, value + i, writer, now_()));
        state_.open_writes[file.id()].push_back(ids.back());
    }
    const Instant began = now_();
    Result<void> written = co_await file.write(block * block_size, data);
    if (!written) {
        if (written.code() == Code::lease_lost)
            state_.lost_leases++;
        co_return false;
    }
    state_.writes++;
    if (std::string doubt = state_.doubt_acknowledgement(began); !doubt.empty())
        state_.failure = doubt;
    for (const History::OperationId id : ids) {
        auto& open = state_.open_writes[file.id()];
        // Another client was let in meanwhile, and this one has not heard of it: true all the same,
        // if the write had taken effect before that.
        if (std::find(open.begin(), open.end(), id) == open.end())
            state_.history.confirm_abandoned(id);
        else
            state_.history.end_write(id, now_());
        forget_write(file.id(), id);
    }
    co_return true;
}

Task<bool> Workload::read_some(client::OpenFile& file, uint64_t reader, uint64_t block,
                               uint64_t count) {
    std::vector<History::OperationId> ids;
    ids.reserve(count);
    for (uint64_t i = 0; i < count; i++)
        ids.push_back(state_.history.begin_read({file.id(), block + i}, reader, now_()));
    Result<Buffer> data = co_await file.read(block * block_size, count * block_size);
    if (!data) {
        if (data.code() == Code::lease_lost)
            state_.lost_leases++;
        else if (data.code() == Code::corrupt)
            state_.failure = fmt::format("file {} block {}: {}", file.id().number, block,
                                         data.error().message());
        co_return false;
    }
    state_.reads++;
    for (uint64_t i = 0; i < count; i++) {
        const std::optional<BlockValue> value =
            read_value(data->view().subspan(i * block_size, block_size));
        if (!value) {
            state_.failure = fmt::format("block {} of file {} is torn or mixed (I6)", block + i,
                                         file.id().number);
            co_return false;
        }
        state_.history.end_read(ids[i], *value, now_());
    }
    co_return true;
}

Task<bool> Workload::flush(client::OpenFile& file, uint64_t writer) {
    const Instant began = now_();
    Result<void> flushed = co_await file.flush();
    if (!flushed)
        co_return false;
    state_.flushes++;
    state_.history.flushed(file.id(), writer, began, now_());
    co_return true;
}

Task<void> Workload::operate(std::shared_ptr<client::OpenFile> file, uint64_t number, bool writes) {
    for (uint32_t i = 0; i < options_.work.operations_per_open && !state_.stop; i++) {
        const uint64_t dice = runtime_.random.below(10);
        bool fine = true;
        if (writes && dice < 5) {
            fine = co_await write_some(*file, number);
        } else if (writes && dice < 7) {
            fine = co_await flush(*file, number);
        } else {
            const uint64_t count = 1 + runtime_.random.below(4);
            const uint64_t block = runtime_.random.below(options_.blocks_per_file - count);
            fine = co_await read_some(*file, number, block, count);
        }
        if (!fine)
            co_return;
        const auto pause = static_cast<int64_t>(
            runtime_.random.below(static_cast<uint64_t>(options_.work.pause_max.nanoseconds)));
        co_await Sleep(runtime_.loop, {pause});
    }
}

// Nobody else knows the name: only a request that was done twice finds it there, or gone.
void Workload::expect_done(std::string_view what, const std::string& path,
                           const Result<void>& done) {
    if (!done && (done.code() == Code::already_exists || done.code() == Code::not_found))
        state_.failure =
            fmt::format("{} {} was done twice: {}", what, path, done.error().message());
}

Task<void> Workload::change_the_tree() {
    const std::string path = fmt::format("/made{}", ++state_.names);
    const std::string renamed = path + "renamed";
    auto made = co_await client_.make_node(path, NodeKind::directory, 0755, std::nullopt);
    expect_done("making", path, made ? Result<void>() : made.error());
    if (!made)
        co_return;
    Result<void> moved = co_await client_.rename(path, renamed);
    expect_done("renaming", path, moved);
    if (!moved)
        co_return;
    Result<void> gone = co_await client_.remove(renamed);
    expect_done("removing", renamed, gone);
}

Task<void> Workload::use_one_file() {
    if (runtime_.random.below(4) == 0)
        co_await change_the_tree();
    const std::string path = options_.paths[runtime_.random.below(options_.paths.size())];
    Result<NodeAttributes> node = co_await client_.look_up(path);
    if (!node)
        co_return;
    const bool writes = runtime_.random.below(10) < 7;
    auto file =
        co_await client_.open(node->file, writes ? LeaseMode::exclusive : LeaseMode::shared);
    if (!file) {
        co_await Sleep(runtime_.loop, milliseconds(200));
        co_return;
    }
    opened(node->file);
    const uint64_t writer = state_.opens;
    {
        Scope tasks(runtime_.loop);
        for (uint32_t i = 0; i < options_.work.tasks; i++)
            tasks.spawn(operate(*file, writer, writes));
        co_await tasks.join();
    }
    const Instant began = now_();
    Result<void> closed = co_await client_.close(*file);
    if (closed && writes)
        state_.history.flushed(node->file, writer, began, now_());
}

Task<void> Workload::run() {
    Result<void> started = co_await client_.start();
    while (started && !state_.stop)
        co_await use_one_file();
    co_await client_.stop();
}

Task<void> Workload::read_everything() {
    Result<void> started = co_await client_.start();
    for (const std::string& path : options_.paths) {
        Result<NodeAttributes> node = started ? co_await client_.look_up(path) : started.error();
        if (!node) {
            state_.failure = path + ": " + node.error().message();
            break;
        }
        auto file = co_await client_.open(node->file, LeaseMode::shared);
        // A lease of a client that is gone runs out in time.
        for (int attempt = 0; attempt < 60 && !file && file.code() == Code::busy; attempt++) {
            co_await Sleep(runtime_.loop, seconds(1));
            file = co_await client_.open(node->file, LeaseMode::shared);
        }
        if (!file) {
            state_.failure = path + ": " + file.error().message();
            break;
        }
        opened(node->file);
        for (uint64_t block = 0; block < options_.blocks_per_file; block += 8) {
            const bool fine =
                co_await read_some(**file, state_.opens, block,
                                   std::min<uint64_t>(8, options_.blocks_per_file - block));
            if (!fine)
                break;
        }
        static_cast<void>(co_await client_.close(*file));
    }
    co_await client_.stop();
}

}  // namespace cairn::sim
