// The texts of the documents' events, each in one place: runbooks and log filters look for them.
// System and severity are given with each, as the documents do (MON-094 to MON-111).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/ids.h"
#include "base/time.h"
#include "wire/log_cluster.h"
#include "wire/meta_types.h"

namespace cairn::meta {

[[nodiscard]] logged::AddEvent mds_lags(MdsId mds, const Address& address);
[[nodiscard]] logged::AddEvent mds_accepts_no_commits(MdsId mds, const Address& address,
                                                      Duration silent);
[[nodiscard]] logged::AddEvent mds_resyncs(MdsId mds, const Address& address);
[[nodiscard]] logged::AddEvent mds_became_master(MdsId mds, const Address& address);
[[nodiscard]] logged::AddEvent mds_stopped(MdsId mds);
[[nodiscard]] logged::AddEvent mds_is_restored_copy(MdsId mds, const Address& address);
[[nodiscard]] logged::AddEvent mds_moved(MdsId mds, const Address& address);
// `repository` stands on the disk that has no room for more of its log.
[[nodiscard]] logged::AddEvent mds_disk_is_full(MdsId mds, const Address& address,
                                                std::string_view repository);
[[nodiscard]] logged::AddEvent mds_disk_has_room(MdsId mds, const Address& address);

struct CsCounts {
    uint32_t active = 0;
    uint32_t inactive = 0;
    uint32_t offline = 0;
};
[[nodiscard]] logged::AddEvent cluster_healthy(uint32_t active);
[[nodiscard]] logged::AddEvent cluster_degraded(const CsCounts& counts);
[[nodiscard]] logged::AddEvent cluster_failed(const CsCounts& counts, uint32_t max_offline_cs);
// A warning from 80 percent on.
[[nodiscard]] logged::AddEvent cluster_filled(uint32_t percent);
[[nodiscard]] logged::AddEvent cluster_free_space(uint64_t free, uint64_t total);

[[nodiscard]] logged::AddEvent replication_started(uint64_t chunks);
[[nodiscard]] logged::AddEvent replication_completed();

// Once for each start that was refused.
[[nodiscard]] logged::AddEvent cs_is_restored_copy(CsId cs, std::string_view repository);
// Of one host id, on two machines.
[[nodiscard]] logged::AddEvent hosts_share_an_id(CsId one, CsId other, HostId host);
[[nodiscard]] logged::AddEvent cs_hard_error(CsId cs, std::string_view path);
// A replica holds something else than most others do: it leaves its set and takes what they have,
// if the set can do without it meanwhile.
[[nodiscard]] logged::AddEvent replica_differs(ChunkId chunk, CsId cs, bool leaves);
// Replicas hold different things, each right by itself, and no majority says which is right.
[[nodiscard]] logged::AddEvent replicas_differ(ChunkId chunk, std::span<const CsId> servers);
[[nodiscard]] logged::AddEvent cs_inactive(CsId cs, Duration silent);
[[nodiscard]] logged::AddEvent cs_offline(CsId cs, Duration silent);
[[nodiscard]] logged::AddEvent cs_stopped(CsId cs);
// Of removals the documents show no event.
[[nodiscard]] logged::AddEvent cs_is_removed(CsId cs);
[[nodiscard]] logged::AddEvent cs_removal_cancelled(CsId cs);
[[nodiscard]] logged::AddEvent cs_was_removed(CsId cs);
[[nodiscard]] logged::AddEvent cs_is_dropped(CsId cs, uint64_t lost);
[[nodiscard]] logged::AddEvent cs_active(std::span<const CsId> servers);

[[nodiscard]] logged::AddEvent configuration_updated(std::string_view by);
// `text` is what placement says of the failure.
[[nodiscard]] logged::AddEvent allocation_failed(std::string text);
// There are places again for chunks of such files.
[[nodiscard]] logged::AddEvent allocation_succeeds(const StorageAttributes& storage);

}  // namespace cairn::meta
