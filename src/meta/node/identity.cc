#include "meta/node/identity.h"

#include <fmt/core.h>

#include "base/small_file.h"

namespace cairn::meta {

namespace {

constexpr SmallFileKind identity_file{0x44494D4E52494143ULL, 1,
                                      "the identity of a metadata server"};  // "CAIRNMID"

}  // namespace

Bytes encode_identity(const MdsIdentity& identity) {
    Bytes bytes = begin_small_file(identity_file);
    ByteWriter out(bytes);
    out.put(identity.mds);
    out.put(identity.cluster);
    out.put_text(identity.cluster_name);
    put(out, identity.peer_address);
    return end_small_file(std::move(bytes));
}

Result<MdsIdentity> decode_identity(ByteView content) {
    Result<ByteReader> file = read_small_file(identity_file, content);
    if (!file)
        return file.error();
    ByteReader& in = *file;
    MdsIdentity identity;
    in.get(identity.mds);
    in.get(identity.cluster);
    identity.cluster_name = in.get_text();
    get(in, identity.peer_address);
    if (!in.finished() || identity.mds.is_none() || identity.cluster.is_none())
        return small_file_is_damaged(identity_file);
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
