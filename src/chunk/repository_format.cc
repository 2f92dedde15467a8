#include "chunk/repository_format.h"

#include "base/checksum.h"

namespace cairn::chunk {

namespace {

constexpr uint64_t identity_magic = 0x4953434E52494143ULL;  // "CAIRNCSI"
constexpr uint64_t state_magic = 0x5353434E52494143ULL;     // "CAIRNCSS"
constexpr uint64_t epochs_magic = 0x4553434E52494143ULL;    // "CAIRNCSE"
constexpr uint32_t file_version = 1;
constexpr uint32_t flag_no_verify = 1;
constexpr uint32_t flag_clean = 1;
constexpr uint32_t flag_failed = 2;
constexpr uint32_t flag_unadmitted = 4;

Bytes contain(uint64_t magic, const Bytes& content) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.put(magic);
    writer.put(file_version);
    writer.put(static_cast<uint32_t>(content.size()));
    writer.put_raw(content);
    writer.put(checksum(bytes));
    return bytes;
}

Result<ByteView> content_of(uint64_t magic, ByteView bytes) {
    ByteReader reader(bytes);
    if (reader.read<uint64_t>() != magic)
        return Error(Code::corrupt, "not a file of this kind");
    const auto version = reader.read<uint32_t>();
    const auto length = reader.read<uint32_t>();
    const ByteView content = reader.take(length);
    const auto sum = reader.read<uint64_t>();
    if (!reader.finished() || sum != checksum(bytes.first(bytes.size() - sizeof(uint64_t))))
        return Error(Code::corrupt, "the checksum does not hold");
    if (version != file_version)
        return Error(Code::version_mismatch, "written by another version");
    return content;
}

}  // namespace

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
    return contain(identity_magic, content);
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
    return contain(state_magic, content);
}

Bytes encode(const FileEpochs& epochs) {
    Bytes content;
    ByteWriter writer(content);
    writer.put(static_cast<uint32_t>(epochs.size()));
    for (const auto& [file, epoch] : epochs) {
        writer.put(file);
        writer.put(epoch);
    }
    return contain(epochs_magic, content);
}

Result<Identity> decode_identity(ByteView bytes) {
    const Result<ByteView> content = content_of(identity_magic, bytes);
    if (!content)
        return content.error();
    ByteReader reader(*content);
    Identity identity;
    reader.get(identity.cluster);
    reader.get(identity.cs);
    reader.get(identity.tier);
    const auto flags = reader.read<uint32_t>();
    identity.no_verify = (flags & flag_no_verify) != 0;
    if (!reader.finished() || (flags & ~flag_no_verify) != 0)
        return Error(Code::corrupt, "an identity is malformed");
    return identity;
}

Result<StoreState> decode_state(ByteView bytes) {
    const Result<ByteView> content = content_of(state_magic, bytes);
    if (!content)
        return content.error();
    ByteReader reader(*content);
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
        return Error(Code::corrupt, "a state is malformed");
    return state;
}

Result<FileEpochs> decode_epochs(ByteView bytes) {
    const Result<ByteView> content = content_of(epochs_magic, bytes);
    if (!content)
        return content.error();
    ByteReader reader(*content);
    FileEpochs epochs;
    const uint32_t count = reader.get_count(sizeof(uint64_t) * 2);
    for (uint32_t i = 0; i < count; i++) {
        const auto file = reader.read<FileId>();
        epochs.insert_or_assign(epochs.end(), file, reader.read<LeaseEpoch>());
    }
    if (!reader.finished() || epochs.size() != count)
        return Error(Code::corrupt, "a list of epochs is malformed");
    return epochs;
}

}  // namespace cairn::chunk
