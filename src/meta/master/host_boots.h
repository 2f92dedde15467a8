// HostBoots: from which boot of its machine each host speaks. Chunk servers of one host id whose
// machines were started at different times, and that both go on speaking, run on two machines with
// one id: replicas would not be spread between them. A machine that was started again is none of
// these, though a few last words of its former life may come late. Pure; owned by Registration.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/ids.h"
#include "base/time.h"

namespace cairn::meta {

class HostBoots {
  public:
    struct Shared {
        CsId one;
        CsId other;
    };
    // A chunk server speaks. Gives two of the host that run on different machines, once for each
    // host.
    std::optional<Shared> heard(HostId host, uint64_t boot, CsId cs, Instant now);

  private:
    struct Host {
        uint64_t boot = 0;
        CsId cs;  // that spoke from it first
        Instant since;
        std::set<uint64_t> before;  // boots that spoke before this one
        uint32_t returns = 0;       // of one of those
        bool told = false;
    };
    std::map<HostId, Host> hosts_;
};

}  // namespace cairn::meta
