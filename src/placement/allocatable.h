// How much a cluster can hold for its clients: the largest amount of data whose replicas all find a
// place under the rules of `choose` (MON-010 to MON-015). Pure.
#pragma once

#include <cstdint>

#include "placement/cluster_map.h"

namespace cairn::placement {

struct Space {
    uint64_t allocatable = 0;    // of logical data, still: from what is free above the margin
    uint64_t logical_total = 0;  // of logical data, were everything empty
    uint64_t free = 0;           // physical; file systems that servers share count once
    uint64_t total = 0;
};

[[nodiscard]] Space space_of(const ClusterMap& map, const StorageAttributes& attributes,
                             const Policy& policy);

}  // namespace cairn::placement
