#include "chunk/repository_format.h"

#include <algorithm>

#include "base/small_file.h"

namespace cairn::chunk {

namespace {

constexpr SmallFileKind identity_file{0x4953434E52494143ULL, 1,
                                      "the identity of a chunk server"};  // "CAIRNCSI"
constexpr SmallFileKind state_file{0x5353434E52494143ULL, 1,
                                   "the state of a chunk server"};  // "CAIRNCSS"
constexpr SmallFileKind epochs_file{0x4553434E52494143ULL, 1,
                                    "a chunk server's list of epochs"};  // "CAIRNCSE"
constexpr SmallFileKind starts_file{0x4D53434E52494143ULL, 1,
                                    "a chunk server's list of starts"};  // "CAIRNCSM"
constexpr uint32_t flag_no_verify = 1;
constexpr uint32_t flag_clean = 1;
constexpr uint32_t flag_failed = 2;
constexpr uint32_t flag_unadmitted = 4;

Bytes contain(const SmallFileKind& kind, const Bytes& content) {
    Bytes bytes = begin_small_file(kind);
    ByteWriter(bytes).put_bytes(content);
    return end_small_file(std::move(bytes));
}

Result<ByteReader> content_of(const SmallFileKind& kind, ByteView bytes) {
    Result<ByteReader> file = read_small_file(kind, bytes);
    if (!file)
        return file.error();
    const ByteView content = file->get_bytes();
    if (!file->finished())
        return small_file_is_damaged(kind);
    return ByteReader(content);
}

}  // namespace

// The oldest is the one that was accepted, as far as is known. Those in the middle go first: when
// so many were not answered, a master has logged one of the first, or of the last.
void StartMarks::add(uint64_t mark) {
    if (marks.size() >= start_marks_max)
        marks.erase(marks.begin() + start_marks_max / 2);
    marks.push_back(mark);
}

void raise_epoch(FileEpochs& epochs, FileId file, LeaseEpoch epoch) {
    if (epoch.is_none())
        epochs.erase(file);
    else if (epochs[file] < epoch)
        epochs[file] = epoch;
}

Bytes encode(const Identity& identity) {
    Bytes content;
    ByteWriter writer(content);
    writer.put(identity.cluster);
    writer.put(identity.cs);
    writer.put(identity.tier);
    writer.put(identity.no_verify ? flag_no_verify : uint32_t{0});
    return contain(identity_file, content);
}

Bytes encode(const StoreState& state) {
    Bytes content;
    ByteWriter writer(content);
    writer.put(state.integrity_sequence);
    writer.put(state.sync_epoch);
    writer.put(state.boot_id);
    writer.put(state.log_position);
    writer.put((state.clean ? flag_clean : 0) | (state.failed ? flag_failed : 0) |
               (state.unadmitted ? flag_unadmitted : 0));
    return contain(state_file, content);
}

Bytes encode(const FileEpochs& epochs) {
    Bytes content;
    ByteWriter writer(content);
    writer.put(static_cast<uint32_t>(epochs.size()));
    for (const auto& [file, epoch] : epochs) {
        writer.put(file);
        writer.put(epoch);
    }
    return contain(epochs_file, content);
}

Bytes encode(const StartMarks& starts) {
    Bytes content;
    ByteWriter writer(content);
    writer.put(static_cast<uint32_t>(starts.marks.size()));
    for (const uint64_t mark : starts.marks)
        writer.put(mark);
    return contain(starts_file, content);
}

Result<Identity> decode_identity(ByteView bytes) {
    Result<ByteReader> content = content_of(identity_file, bytes);
    if (!content)
        return content.error();
    ByteReader& reader = *content;
    Identity identity;
    reader.get(identity.cluster);
    reader.get(identity.cs);
    reader.get(identity.tier);
    const auto flags = reader.read<uint32_t>();
    identity.no_verify = (flags & flag_no_verify) != 0;
    if (!reader.finished() || (flags & ~flag_no_verify) != 0)
        return small_file_is_damaged(identity_file);
    return identity;
}

Result<StoreState> decode_state(ByteView bytes) {
    Result<ByteReader> content = content_of(state_file, bytes);
    if (!content)
        return content.error();
    ByteReader& reader = *content;
    StoreState state;
    reader.get(state.integrity_sequence);
    reader.get(state.sync_epoch);
    reader.get(state.boot_id);
    reader.get(state.log_position);
    const auto flags = reader.read<uint32_t>();
    state.clean = (flags & flag_clean) != 0;
    state.failed = (flags & flag_failed) != 0;
    state.unadmitted = (flags & flag_unadmitted) != 0;
    if (!reader.finished() || (flags & ~(flag_clean | flag_failed | flag_unadmitted)) != 0)
        return small_file_is_damaged(state_file);
    return state;
}

Result<FileEpochs> decode_epochs(ByteView bytes) {
    Result<ByteReader> content = content_of(epochs_file, bytes);
    if (!content)
        return content.error();
    ByteReader& reader = *content;
    FileEpochs epochs;
    const uint32_t count = reader.get_count(sizeof(uint64_t) * 2);
    for (uint32_t i = 0; i < count; i++) {
        const auto file = reader.read<FileId>();
        epochs.insert_or_assign(epochs.end(), file, reader.read<LeaseEpoch>());
    }
    if (!reader.finished() || epochs.size() != count)
        return small_file_is_damaged(epochs_file);
    return epochs;
}

Result<StartMarks> decode_starts(ByteView bytes) {
    Result<ByteReader> content = content_of(starts_file, bytes);
    if (!content)
        return content.error();
    ByteReader& reader = *content;
    StartMarks starts;
    starts.marks.resize(reader.get_count(sizeof(uint64_t)));
    for (uint64_t& mark : starts.marks)
        reader.get(mark);
    const bool none = std::ranges::find(starts.marks, 0U) != starts.marks.end();
    if (!reader.finished() || none || starts.marks.size() > start_marks_max)
        return small_file_is_damaged(starts_file);
    return starts;
}

}  // namespace cairn::chunk
