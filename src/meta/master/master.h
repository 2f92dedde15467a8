// Master: what one metadata server does while it is the master, beyond applying the log: it watches
// leases and chunk servers, and runs the procedures of docs/design/cluster-protocol.md (fences,
// comparisons, joins, registrations, deletions). It is made at an election and thrown away when
// leadership is lost; whatever it began is in the catalogue, and the next master begins it again.
// One loop; stop() joins everything.
#pragma once

#include <memory>

#include "meta/catalogue/effects.h"
#include "meta/consensus.h"
#include "meta/master/balancing.h"
#include "meta/master/chunk_ids.h"
#include "meta/master/comparisons.h"
#include "meta/master/cs_table.h"
#include "meta/master/deletions.h"
#include "meta/master/digests.h"
#include "meta/master/events.h"
#include "meta/master/fences.h"
#include "meta/master/joins.h"
#include "meta/master/lease_clock.h"
#include "meta/master/leaving.h"
#include "meta/master/orders.h"
#include "meta/master/queue_depths.h"
#include "meta/master/recovery.h"
#include "meta/master/registration.h"
#include "meta/master/removals.h"
#include "meta/master/restores.h"
#include "meta/master/scrub.h"
#include "meta/master/shortages.h"
#include "meta/master/watchdog.h"
#include "meta/rules.h"
#include "placement/cluster_map.h"
#include "rpc/link.h"
#include "runtime/runtime.h"

namespace cairn::meta {

struct MasterOptions {
    Duration heartbeat_timeout = seconds(5);  // silence after which a chunk server is inactive
    uint64_t seed = 0;                        // of placement
    Rules rules;                              // as the catalogue's
};

class Master {
  public:
    Master(Runtime& runtime, Consensus& consensus, rpc::Links& links, MasterOptions options);
    ~Master();

    // Takes up what stands in the catalogue, and begins to watch.
    void start();
    Task<void> stop();
    // After each entry that was applied here.
    void applied(const Effects& effects);

    // Logs an operation on behalf of nobody, or of a client's request.
    template <class Operation>
    Task<Result<Answer>> propose(Operation operation, RequestHeader origin = {}) {
        return propose_entry(entry_of(operation, runtime.clock.wall_now(), origin));
    }
    // The same, again and again while the log takes nothing just now, as while leadership is handed
    // over: for what nobody would ask for a second time.
    template <class Operation>
    Task<Result<Answer>> insist(Operation operation) {
        return insist_on_entry(entry_of(operation, runtime.clock.wall_now()));
    }
    // The same as propose(); a failed answer becomes the error.
    template <class Operation>
    Task<Result<void>> log(Operation operation) {
        return log_entry(entry_of(operation, runtime.clock.wall_now()));
    }
    [[nodiscard]] const Catalogue& catalogue() const { return consensus.catalogue(); }
    [[nodiscard]] bool stopping() const { return stopping_event.is_set(); }
    // The chunk servers as placement sees them: the log's records with what they last reported.
    [[nodiscard]] placement::ClusterMap cluster_map() const;
    [[nodiscard]] placement::Policy placement_policy() const;
    // A refusal of the log that is over soon.
    [[nodiscard]] static bool is_for_now(Code code);
    // An interruptible sleep; true if the master stops.
    Task<bool> pause(Duration duration);

    Runtime& runtime;
    Consensus& consensus;
    MasterOptions options;
    CsTable servers;
    QueueDepths queue_depths;
    LeaseClock leases;
    Orders orders;
    Leaving leaving;
    Fences fences;
    Comparisons comparisons;
    Joins joins;
    Recovery recovery;
    Balancing balancing;
    Deletions deletions;
    ChunkIds chunk_ids;
    Registration registration;
    Removals removals;
    Restores restores;
    Digests digests;
    Scrub scrub;
    Watchdog watchdog;
    Events events;
    Shortages shortages;
    cairn::Event stopping_event;
    // Procedures run here.
    Scope scope;

  private:
    Task<Result<Answer>> propose_entry(LogEntry entry);
    Task<Result<Answer>> insist_on_entry(LogEntry entry);
    Task<Result<void>> log_entry(LogEntry entry);
};

}  // namespace cairn::meta
