// AddressPlan: new addresses of all metadata servers, given to the repository of one that is
// stopped (configure-mds). It is followed from the next start on, before the log knows of it, and
// goes when the log does: docs/design/moving.md. Pure, but for reading its file.
//
// The file `moving` in the repository:
//      0  u64 magic "CAIRNMOV"   8  u32 format   12  u32 mds
//     16  16 cluster id         32  u32 count, then for each server u32 mds, its new address,
//         u32 count and the addresses that it may have had (base/address.h)
//         u64 XXH3-64 of everything before it
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "meta/node/log_format.h"
#include "raft/types.h"
#include "runtime/runtime.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

struct AddressPlan {
    // Ordered by id, each id once.
    std::vector<logged::MovedMds> servers;

    // None for a server that the plan does not name: it came later.
    [[nodiscard]] Address address_of(MdsId mds) const;
    // Whether every server that the plan names has its new address there.
    [[nodiscard]] bool is_in_force_in(const raft::Membership& members) const;
    bool operator==(const AddressPlan&) const = default;
};

constexpr std::string_view address_plan_name = "moving";
constexpr size_t address_plan_size_max = 65536;

struct NewAddress {
    MdsId mds;
    Address address;
};

// What is wrong with new addresses for these members, saying what to do; or the plan. `pending`:
// one that was given before and not carried out yet.
[[nodiscard]] Result<AddressPlan> plan_addresses(const raft::Membership& members,
                                                 std::vector<NewAddress> addresses,
                                                 const std::optional<AddressPlan>& pending);

[[nodiscard]] Bytes encode_address_plan(const AddressPlan& plan, const LogOwner& owner);
[[nodiscard]] Result<AddressPlan> decode_address_plan(ByteView content, const LogOwner& owner);

// Of the repository in `directory`; none if it has none.
Task<Result<std::optional<AddressPlan>>> read_address_plan(Runtime& runtime, std::string directory,
                                                           LogOwner owner);

}  // namespace cairn::meta
