// choose: which chunk servers hold a new chunk, or a new replica of one. Pure: the same map,
// attributes and seed give the same answer.
//
// Never two replicas on one server; with failure-domain=host never two on one host, unless the
// domain is advisory and there is no other way. The wanted tier first, then lower ones, then higher
// ones, unless the tier is strict. Servers full to the fill margin take nothing.
//
// Domains are drawn in proportion to their room, so that all fill up at the same pace and what
// `allocatable` promises can be used to the end; and so that few different sets hold data together.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "placement/cluster_map.h"

namespace cairn::placement {

struct Wanted {
    StorageAttributes attributes;  // failure domain, tier
    uint32_t count = 1;            // servers to choose
    // With servers away that may come back, so many are enough; with servers that are full or do
    // not exist, nothing less than `count` is.
    uint32_t least = 1;
    uint64_t seed = 0;
    std::vector<CsId> existing;  // hold the chunk already: neither they nor their domains
    std::vector<CsId> exclude;   // not these, for whatever reason
};

struct Shortage {
    uint32_t wanted = 0;
    uint32_t available = 0;  // active, with room
    uint32_t registered = 0;
    uint32_t hosts = 0;  // on which the available ones stand
    FailureDomain domain = FailureDomain::host;
};

struct Chosen {
    std::vector<CsId> servers;
    bool shares_domain = false;        // an advisory failure domain was not kept
    bool other_tier = false;           // not all on the wanted tier
    std::optional<Shortage> shortage;  // then there are no servers
};

[[nodiscard]] Chosen choose(const ClusterMap& map, const Wanted& wanted, const Policy& policy);

// The documents' texts (MON-106, MON-107).
[[nodiscard]] std::string shortage_text(const Shortage& shortage, std::string_view path,
                                        const Address& requester);
// The same for the one who asked, with what is missing.
[[nodiscard]] std::string shortage_advice(const Shortage& shortage);

}  // namespace cairn::placement
