// The cluster as placement sees it: chunk servers, where they stand, how much room they have. The
// master fills one in from the catalogue and from what the servers last reported. Pure values.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "wire/meta_types.h"

namespace cairn::placement {

struct Server {
    CsId cs;
    HostId host;
    uint8_t tier = 0;
    uint64_t total = 0;       // bytes of its file system
    uint64_t free = 0;        // bytes, less what is promised to writes under way
    uint64_t filesystem = 0;  // servers of one host with equal values, not 0, share the space
    uint32_t load = 0;        // average queue depth
    bool active = true;       // answers now; one that does not may come back
};

struct Policy {
    uint32_t fill_margin_percent = 5;   // of a file system, kept free
    bool strict_failure_domain = true;  // mds.alloc.strict_failure_domain
    bool strict_tier = false;           // mds.alloc.strict_tier
};

using ClusterMap = std::vector<Server>;

// Whatever of one file system may still be given out: its free space less the margin. Shares of
// `servers[i]` in it are equal.
struct Room {
    uint64_t share = 0;  // bytes
    bool any = false;    // false: full to the margin
};
[[nodiscard]] std::vector<Room> rooms_of(const ClusterMap& servers, const Policy& policy);

}  // namespace cairn::placement
