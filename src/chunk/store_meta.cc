// What a store keeps beside data: which chunks there are, their versions and states, file epochs,
// the log position. Each change is one journal record, durable before it is answered.
#include "base/checksum.h"
#include "chunk/record_format.h"
#include "chunk/store.h"
#include "chunk/store_core.h"

namespace cairn::chunk {

using journal::RingJournal;

Task<Result<void>> ChunkStore::make_durable(uint64_t sequence) {
    co_return core_->checked(co_await core_->journal->flush_through(sequence));
}

Task<Result<void>> ChunkStore::create_chunk(ChunkHeader header) {
    header.cluster = core_->identity.cluster;
    if (header.path_hint.size() > path_hint_max)
        header.path_hint.erase(0, header.path_hint.size() - path_hint_max);
    CO_TRY(core_->check_running());
    CO_TRY(check_header(header));
    const Operation operation(*this);
    const HeaderBlock block{
        .sequence = 0, .header = header, .pages = PageMap(ChunkGeometry{header.size}.page_count())};
    const auto chunk = std::make_shared<ChunkEntry>(block, core_->next_serial++);
    chunk->settled = false;
    const RoomRequest room{
        .chunk = chunk.get(),
        .header = true,
        .record_bytes = RingJournal::record_space(small_fields_size, block_size)};
    CO_TRY(core_->checked(co_await core_->take_room(room)));
    const bool present = core_->chunks.contains(chunk->id);
    const bool full = core_->no_space || core_->space_left() < int64_t{3} * block_size;
    if (present || full) {
        core_->give_back_room(room);
        if (present)
            co_return Error(Code::already_exists, "the chunk is here already");
        co_return Error(Code::no_space, "the chunk server's disk is full");
    }
    Buffer payload = Buffer::copy_of(encode(block));
    encode_image(core_->scratch, {.chunk = chunk->id, .checksum = checksum(payload.view())});
    const journal::Sequence sequence = core_->append(
        RecordType::create, core_->scratch, Buffer::copy_of(encode(block)), room.record_bytes);
    core_->chunks.emplace(chunk->id, chunk);
    core_->damaged.erase(chunk->id);
    core_->vanished.erase(chunk->id);
    chunk->file_awaited = true;
    core_->structure.push_back({.chunk = chunk, .create = true});
    core_->room_used(room);
    co_return co_await make_durable(sequence);
}

Task<Result<void>> ChunkStore::remove_chunk(ChunkId id) {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    const RoomRequest room{.record_bytes = RingJournal::record_space(small_fields_size, 0)};
    CO_TRY(core_->checked(co_await core_->take_room(room)));
    ChunkRef chunk = core_->find(id);
    core_->vanished.erase(id);
    if (chunk != nullptr) {
        core_->remove_entry(chunk);
    } else if (core_->damaged.erase(id) != 0) {
        HeaderBlock stand_in;
        stand_in.header.chunk = id;
        chunk = std::make_shared<ChunkEntry>(stand_in, core_->next_serial++);
        chunk->removed = true;
    } else {
        core_->give_back_room(room);
        // A removal that was appended before, by somebody else, may not be durable yet.
        co_return co_await make_durable(core_->journal->cut() - 1);
    }
    encode_number(core_->scratch, id.number);
    const journal::Sequence sequence =
        core_->append(RecordType::remove, core_->scratch, {}, room.record_bytes);
    core_->structure.push_back({.chunk = chunk, .create = false});
    core_->room_used(room);
    core_->work.notify_all();
    co_return co_await make_durable(sequence);
}

Task<Result<void>> ChunkStore::set_version(ChunkId chunk, Version version) {
    co_return co_await mark(chunk, version, 0);
}

Task<Result<void>> ChunkStore::set_state(ChunkId chunk, ChunkState state, Version version) {
    co_return co_await mark(chunk, version, static_cast<uint8_t>(state));
}

Task<Result<void>> ChunkStore::mark(ChunkId id, Version version, uint8_t state) {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    while (true) {
        const ChunkRef chunk = core_->find(id);
        if (chunk == nullptr)
            co_return Error(Code::replica_lost, "the chunk is not here");
        const RoomRequest room{.chunk = chunk.get(),
                               .header = true,
                               .record_bytes = RingJournal::record_space(small_fields_size, 0)};
        CO_TRY(core_->checked(co_await core_->take_room(room)));
        if (chunk->removed) {
            core_->give_back_room(room);
            continue;
        }
        if (state != 0 && version < chunk->version) {
            core_->give_back_room(room);
            co_return Error(Code::stale_map, "a newer version of the chunk is known here");
        }
        encode_mark(core_->scratch, {.chunk = id, .version = version, .state = state});
        const journal::Sequence sequence =
            core_->append(RecordType::mark, core_->scratch, {}, room.record_bytes);
        chunk->version = std::max(chunk->version, version);
        if (state != 0)
            chunk->state = static_cast<ChunkState>(state);
        chunk->header_dirty = true;
        core_->room_used(room);
        co_return co_await make_durable(sequence);
    }
}

Task<Result<void>> ChunkStore::forget_file_epoch(FileId file, std::function<bool()> let_go) {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    const RoomRequest room{.record_bytes = RingJournal::record_space(small_fields_size, 0)};
    CO_TRY(core_->checked(co_await core_->take_room(room)));
    if (let_go()) {
        append_epoch(file, LeaseEpoch(), room);
        co_return Result<void>();
    }
    core_->give_back_room(room);
    co_return Result<void>();
}

std::vector<FileId> ChunkStore::files_with_epochs() const {
    std::vector<FileId> files;
    for (const auto& [file, epoch] : core_->epochs)
        files.push_back(file);
    return files;
}

Task<Result<void>> ChunkStore::set_file_epoch(FileId file, LeaseEpoch epoch) {
    if (file.is_none() || epoch.is_none())
        co_return Error(Code::invalid_argument, "no such file or epoch");
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    const RoomRequest room{.record_bytes = RingJournal::record_space(small_fields_size, 0)};
    CO_TRY(core_->checked(co_await core_->take_room(room)));
    co_return co_await make_durable(append_epoch(file, epoch, room));
}

uint64_t ChunkStore::append_epoch(FileId file, LeaseEpoch epoch, const RoomRequest& room) {
    encode_epoch(core_->scratch, {.file = file, .epoch = epoch});
    const journal::Sequence sequence =
        core_->append(RecordType::epoch, core_->scratch, {}, room.record_bytes);
    raise_epoch(core_->epochs, file, epoch);
    core_->epochs_dirty = true;
    core_->room_used(room);
    return sequence;
}

Task<Result<void>> ChunkStore::set_log_position(LogIndex position) {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    const RoomRequest room{.record_bytes = RingJournal::record_space(small_fields_size, 0)};
    CO_TRY(core_->checked(co_await core_->take_room(room)));
    encode_number(core_->scratch, position.number);
    const journal::Sequence sequence =
        core_->append(RecordType::log_position, core_->scratch, {}, room.record_bytes);
    if (position > core_->state.log_position) {
        core_->state.log_position = position;
        core_->state_dirty = true;
    }
    core_->room_used(room);
    co_return co_await make_durable(sequence);
}

}  // namespace cairn::chunk
