// What the end of a lease means. Called while an entry is applied.
#pragma once

#include <vector>

#include "meta/catalogue/change.h"

namespace cairn::meta {

// Not a clean close: the holders are gone, the file's epoch rises, a fence stands; if the lease was
// exclusive, every marked chunk starts a comparison. All of `clients` hold the lease. A removed
// file that nobody else holds goes away.
void end_leases(Change& change, FileId file, const std::vector<ClientId>& clients,
                logged::LeaseEnd reason);

// All leases of a client.
void end_leases_of_client(Change& change, ClientId client, logged::LeaseEnd reason);

}  // namespace cairn::meta
