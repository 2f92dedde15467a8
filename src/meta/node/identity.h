// The identity of a metadata server's repository: which server of which cluster it belongs to, and
// where that server listens for its peers. Written once, when the repository is made, as its last
// file: a directory without one is no repository.
//
//      0  u64 magic "CAIRNMID"   8  u32 format   12  u32 mds
//     16  16 cluster id         32  text cluster name, address (base/address.h)
//         u64 XXH3-64 of everything before it
#pragma once

#include <string>

#include "base/address.h"
#include "base/ids.h"
#include "base/result.h"
#include "meta/node/log_format.h"
#include "runtime/runtime.h"

namespace cairn::meta {

struct MdsIdentity {
    ClusterId cluster;
    std::string cluster_name;
    MdsId mds;
    Address peer_address;  // clients and chunk servers use the next port

    [[nodiscard]] LogOwner owner() const { return {cluster, mds}; }
    bool operator==(const MdsIdentity&) const = default;
};

constexpr size_t identity_size_max = 4096;

[[nodiscard]] Bytes encode_identity(const MdsIdentity& identity);
[[nodiscard]] Result<MdsIdentity> decode_identity(ByteView content);

// Of the repository in `directory`; not_found if it is none.
Task<Result<MdsIdentity>> read_identity(Runtime& runtime, std::string directory);

}  // namespace cairn::meta
