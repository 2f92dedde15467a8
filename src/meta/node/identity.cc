#include "meta/node/identity.h"

#include <fmt/core.h>

#include "base/checksum.h"

namespace cairn::meta {

namespace {

constexpr uint64_t identity_magic = 0x44494D4E52494143ULL;  // "CAIRNMID"
constexpr uint32_t identity_format = 1;
constexpr size_t checksum_size = 8;

}  // namespace

Bytes encode_identity(const MdsIdentity& identity) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(identity_magic);
    out.put(identity_format);
    out.put(identity.mds);
    out.put(identity.cluster);
    out.put_text(identity.cluster_name);
    put(out, identity.peer_address);
    out.put(checksum(bytes));
    return bytes;
}

Result<MdsIdentity> decode_identity(ByteView content) {
    const Error damaged(Code::corrupt, "the identity is damaged");
    if (content.size() < checksum_size)
        return damaged;
    const ByteView body = content.first(content.size() - checksum_size);
    ByteReader trailer(content.subspan(body.size()));
    if (trailer.read<uint64_t>() != checksum(body))
        return damaged;
    ByteReader in(body);
    if (in.read<uint64_t>() != identity_magic)
        return Error(Code::corrupt, "this is not the identity of a metadata server");
    if (in.read<uint32_t>() != identity_format)
        return Error(Code::version_mismatch, "the repository was made by a newer program");
    MdsIdentity identity;
    in.get(identity.mds);
    in.get(identity.cluster);
    identity.cluster_name = in.get_text();
    get(in, identity.peer_address);
    if (!in.finished() || identity.mds.is_none() || identity.cluster.is_none())
        return damaged;
    return identity;
}

Task<Result<MdsIdentity>> read_identity(Runtime& runtime, std::string directory) {
    const std::string path = directory + "/identity";
    Result<Bytes> content = co_await read_whole_file(runtime.disk, path, identity_size_max);
    if (!content && content.code() == Code::not_found)
        co_return Error(Code::not_found,
                        fmt::format("{} is not the repository of a metadata server ({} is missing)",
                                    directory, path));
    if (!content)
        co_return content.error().with_context(path);
    Result<MdsIdentity> identity = decode_identity(*content);
    if (!identity)
        co_return identity.error().with_context(path);
    co_return std::move(*identity);
}

}  // namespace cairn::meta
