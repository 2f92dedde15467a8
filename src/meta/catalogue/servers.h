// Chunk servers and metadata servers as the log knows them. Whether one answers now, its space and
// its load are the master's knowledge, not the catalogue's.
#pragma once

#include <string>

#include "base/address.h"
#include "base/ids.h"
#include "meta/catalogue/id_set.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

struct CsRecord {
    HostId host;
    std::string host_name;
    Address address;  // none: never started
    std::string repository;
    uint8_t tier = 0;
    uint64_t integrity_sequence = 0;
    uint64_t sync_epoch = 0;  // 0: never started
    uint64_t start_mark = 0;  // of the start that was accepted last
    CsLoggedState state = CsLoggedState::known;
    bool draining = false;
    IdSet chunks;  // with a piece here; follows the chunk table, not part of the record's bytes

    template <class A>
    void fields(A& archive) {
        archive(host, host_name, address, repository, tier, integrity_sequence, sync_epoch,
                start_mark, state, draining);
    }
    // What it holds counts towards the norm.
    [[nodiscard]] bool stays() const { return !draining && state != CsLoggedState::dropped; }
};

struct MdsRecord {
    Address address;  // towards metadata servers
    bool voter = true;

    bool operator==(const MdsRecord&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(address, voter);
    }
};

}  // namespace cairn::meta
