// Hot chunk servers: those whose queue is 40 percent or more above the average of all (REP-039),
// and where the replica of a chunk goes that is asked for most. Pure: it moves nothing.
//
// A queue of less than one request on average is none that anybody waits in: such a server is not
// hot, whatever the average. A replica goes only where the queue is not the longer one afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "placement/balance_plan.h"

namespace cairn::placement {

struct ServerLoad {
    CsId cs;
    uint32_t depth_tenths = 0;  // average of the last minute
};

// The hottest first.
[[nodiscard]] std::vector<ServerLoad> hot_servers(std::vector<ServerLoad> loads);

// The server with the shortest queue that may take this replica of `from`; `share_permille` of the
// requests there are for it. None: it stays.
[[nodiscard]] std::optional<CsId> cooler_server(const ClusterMap& map, const Policy& policy,
                                                const std::vector<ServerLoad>& loads, CsId from,
                                                const BalancedChunk& chunk,
                                                uint32_t share_permille);

}  // namespace cairn::placement
