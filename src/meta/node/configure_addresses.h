// configure-mds: gives new addresses of all metadata servers to the repository of one that does not
// run. Nothing of it may be running: the repository is opened as the server itself would open it,
// and a damaged one is refused.
#pragma once

#include <string>
#include <vector>

#include "meta/node/address_plan.h"
#include "meta/node/log_store.h"
#include "runtime/runtime.h"

namespace cairn::meta {

struct ConfiguredAddresses {
    MdsIdentity identity;  // with its new address
    AddressPlan plan;
};

// busy: the server runs. invalid_argument: what is wrong with the addresses, and what to do.
// wrong_cluster: `cluster`, where it is not empty, is not the repository's.
Task<Result<ConfiguredAddresses>> configure_addresses(Runtime& runtime, std::string directory,
                                                      std::string cluster,
                                                      std::vector<NewAddress> addresses,
                                                      LogStoreOptions options = {});

}  // namespace cairn::meta
