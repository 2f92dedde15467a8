// Identifiers as strong types: a chunk id cannot be passed where a file id is meant. Zero is "none"
// in all.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cairn {

template <class Tag, class Number>
struct Id {
    Number number = 0;

    constexpr Id() = default;
    constexpr explicit Id(Number value) : number(value) {}
    constexpr auto operator<=>(const Id&) const = default;
    [[nodiscard]] constexpr bool is_none() const { return number == 0; }
    [[nodiscard]] constexpr Id next() const { return Id(static_cast<Number>(number + 1)); }
};

using MdsId = Id<struct MdsIdTag, uint32_t>;        // metadata server, from 1
using CsId = Id<struct CsIdTag, uint32_t>;          // chunk server, from 1025
using ClientId = Id<struct ClientIdTag, uint32_t>;  // host and mount point or export, from 2049
using HostId = Id<struct HostIdTag, uint64_t>;      // /etc/vstorage/host_id, 16 hex digits
using FileId = Id<struct FileIdTag, uint64_t>;  // file or directory of the catalogue; 1 is the root
using ChunkId = Id<struct ChunkIdTag, uint64_t>;  // never used twice
using Version = Id<struct VersionTag,
                   uint32_t>;  // of a chunk's map; raised by whatever changes who may be read
using LeaseEpoch = Id<struct LeaseEpochTag, uint64_t>;  // of a file; raised when a lease ends
using InstanceId = Id<struct InstanceIdTag, uint64_t>;  // one life of a client under one ClientId
using LogIndex = Id<struct LogIndexTag, uint64_t>;      // position in the metadata log, from 1
using Term = Id<struct TermTag, uint64_t>;              // raft term

struct IdHash {
    template <class Tag, class Number>
    size_t operator()(Id<Tag, Number> id) const {
        // splitmix64's finaliser: ids are dense, and tables should not be.
        uint64_t x = id.number + 0x9E3779B97F4A7C15ULL;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
        return x ^ (x >> 31);
    }
};

// A cluster's identity, made at `make-mds -I`: 16 random bytes, printed as a UUID.
struct ClusterId {
    std::array<uint8_t, 16> bytes{};

    constexpr auto operator<=>(const ClusterId&) const = default;
    [[nodiscard]] bool is_none() const { return *this == ClusterId{}; }
};

[[nodiscard]] std::string to_string(const ClusterId& id);
[[nodiscard]] Result<ClusterId> parse_cluster_id(std::string_view text);

// 16 lower-case hexadecimal digits.
[[nodiscard]] std::string to_string(HostId id);
[[nodiscard]] Result<HostId> parse_host_id(std::string_view text);

}  // namespace cairn
