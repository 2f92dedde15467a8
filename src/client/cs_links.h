// CsLinks: a client's way to the chunk servers: where each is, which is near, how busy each is with
// our requests.
#pragma once

#include <map>
#include <vector>

#include "rpc/link.h"
#include "wire/meta_types.h"

namespace cairn::client {

class CsLinks {
  public:
    CsLinks(rpc::Links& links, HostId here) : links_(links), here_(here) {}

    // What a map said of the servers that it names.
    void learn(const std::vector<CsLocation>& servers);
    Task<Result<rpc::Reply>> call(CsId cs, Method method, Bytes body, Buffer payload,
                                  Duration timeout, uint32_t expected_reply);
    // Those on this host first, then those with the fewest of our requests in flight. Among those
    // about equally busy one is preferred for each place, so that not all of them have to keep the
    // same parts of a chunk's table in memory; `place` is any number that stands for it.
    void sort_by_nearness(std::vector<CsId>& list, uint64_t place) const;

  private:
    rpc::Links& links_;
    HostId here_;
    std::map<CsId, CsLocation> known_;
};

}  // namespace cairn::client
