#include "sim/recorder.h"

#include <algorithm>
#include <fmt/core.h>

#include "sim/block_value.h"

namespace cairn::sim {

uint64_t Recorder::opened(const client::OpenFile& file) {
    if (file.epoch() >= state_.newest_epoch[file.id()]) {
        state_.newest_epoch[file.id()] = file.epoch();
        for (const History::OperationId id : state_.open_writes[file.id()])
            state_.history.abandon_write(id, now_());
        state_.open_writes[file.id()].clear();
    }
    return ++state_.opens;
}

Task<Result<void>> Recorder::write(client::OpenFile& file, uint64_t opening, uint64_t block,
                                   uint64_t count, client::WriteUntil until) {
    const BlockValue value = state_.next_value;
    state_.next_value += count;
    Buffer data = Buffer::allocate(count * block_size);
    spell_values(value, data.mutable_view());
    co_return co_await record(file, {opening, block, count, value, until},
                              file.write(block * block_size, std::move(data), until));
}

Task<Result<void>> Recorder::trim(client::OpenFile& file, uint64_t opening, uint64_t block,
                                  uint64_t count, bool punch) {
    const BlockValue value = state_.next_value | trim_bit;
    state_.next_value += count;
    co_return co_await record(file, {opening, block, count, value},
                              file.write_zeros(block * block_size, count * block_size, punch));
}

Task<Result<void>> Recorder::record(client::OpenFile& file, Change change,
                                    Task<Result<void>> doing) {
    const auto [opening, block, count, value, until] = change;
    // Another client was let in, and this one has not heard of it.
    const bool fenced = file.epoch() < state_.newest_epoch[file.id()];
    std::vector<History::OperationId> ids;
    for (uint64_t i = 0; i < count; i++) {
        ids.push_back(
            state_.history.begin_write({file.id(), block + i}, value + i, opening, now_()));
        if (fenced)
            state_.history.forbid_write(ids.back());
        else
            state_.open_writes[file.id()].push_back(ids.back());
    }
    const Instant began = now_();
    Result<void> written = co_await std::move(doing);
    if (!written) {
        if (written.code() == Code::lease_lost)
            state_.lost_leases++;
        co_return written;
    }
    state_.writes++;
    if (fenced)
        state_.failure = fmt::format(
            "a write of file {} was acknowledged that began after another "
            "client had been let in (I5)",
            file.id().number);
    // Where there is no chunk, nothing has to be trimmed.
    const std::string doubt =
        (value & trim_bit) == 0 ? state_.doubt_acknowledgement(began) : std::string();
    if (!doubt.empty())
        state_.failure = doubt;
    for (const History::OperationId id : ids) {
        auto& open = state_.open_writes[file.id()];
        // Another client was let in meanwhile, and this one has not heard of it: true all the same,
        // if the write had taken effect before that.
        if (std::find(open.begin(), open.end(), id) == open.end())
            state_.history.confirm_abandoned(id);
        else if (until == client::WriteUntil::durable)
            state_.history.end_durable_write(id, now_());
        else
            state_.history.end_write(id, now_());
        std::erase(open, id);
    }
    co_return Result<void>();
}

Task<Result<BlockValue>> Recorder::read(client::OpenFile& file, uint64_t opening, uint64_t block,
                                        uint64_t count) {
    std::vector<History::OperationId> ids;
    ids.reserve(count);
    for (uint64_t i = 0; i < count; i++)
        ids.push_back(state_.history.begin_read({file.id(), block + i}, opening, now_()));
    Result<Buffer> data = co_await file.read(block * block_size, count * block_size);
    if (!data) {
        if (data.code() == Code::lease_lost)
            state_.lost_leases++;
        else if (data.code() == Code::corrupt)
            state_.failure = fmt::format("file {} block {}: {}", file.id().number, block,
                                         data.error().message());
        co_return data.error();
    }
    state_.reads++;
    BlockValue first = 0;
    for (uint64_t i = 0; i < count; i++) {
        const std::optional<BlockValue> value =
            read_value(data->view().subspan(i * block_size, block_size));
        if (!value) {
            state_.failure = fmt::format("block {} of file {} is torn or mixed (I6)", block + i,
                                         file.id().number);
            co_return Error(Code::corrupt, *state_.failure);
        }
        if (i == 0)
            first = *value;
        state_.history.end_read(ids[i], *value, now_());
    }
    co_return first;
}

Task<Result<void>> Recorder::flush(client::OpenFile& file, uint64_t opening) {
    const Instant began = now_();
    Result<void> flushed = co_await file.flush();
    if (!flushed)
        co_return flushed;
    state_.flushes++;
    state_.history.flushed(file.id(), opening, began, now_());
    co_return flushed;
}

Task<Result<void>> Recorder::close(client::Client& client, std::shared_ptr<client::OpenFile> file,
                                   uint64_t opening) {
    const Instant began = now_();
    const FileId id = file->id();
    const bool writes = file->writable();
    Result<void> closed = co_await client.close(std::move(file));
    if (closed && writes)
        state_.history.flushed(id, opening, began, now_());
    co_return closed;
}

}  // namespace cairn::sim
