// SimCluster: a whole cluster in a simulated world: metadata servers, chunk servers on a few hosts,
// client hosts. It sets them up as an administrator would, keeps their programs running as an init
// system would, and knows, from the catalogue that the servers hold, what a power cut may take
// back. The programs are those of the daemons.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "meta/node/mds_server.h"
#include "meta/requests/router.h"
#include "rpc/cluster_files.h"
#include "runtime/sim/world.h"
#include "sim/audit.h"
#include "sim/rules.h"
#include "sim/seed_plan.h"
#include "sim/workload.h"
#include "wire/meta_messages.h"
#include "wire/status_messages.h"

namespace cairn::sim {

class SimCluster {
  public:
    SimCluster(World& world, ClusterShape shape, WorkPlan work, const AllRules& rules);
    SimCluster(const SimCluster&) = delete;
    SimCluster& operator=(const SimCluster&) = delete;
    // Ends the programs: they point to it.
    ~SimCluster();

    // Makes and starts everything, and the files. False if that did not come about.
    bool bring_up();

    // A program that is kept running: it is started again a while after it ended.
    struct Service {
        enum class Kind : uint8_t { mds, cs, client };
        Kind kind;
        std::string name;
        Machine* machine;
        std::function<Main()> main;
        Process* process = nullptr;
        SimTime not_before;     // it is not started before this
        std::string path = {};  // of its repository
        SimTime seen_running = {};
        bool rots = false;  // what it keeps was damaged
        bool held = false;  // it is not started, however long it is down
        CsId cs = {};       // of a chunk server
        HostId host_id = {};
        Address listen = {};
        [[nodiscard]] bool running() const { return process != nullptr && process->running(); }
    };
    [[nodiscard]] std::vector<Service>& services() { return services_; }
    // Chunk servers are numbered in this order.
    static constexpr uint64_t first_cs_id = 1025;
    // Of its disk, which a chunk server leaves free.
    static constexpr uint64_t cs_margin_bytes = 1 * mib;
    // The one of its kind that was made after `index` others.
    [[nodiscard]] Service& service(Service::Kind kind, size_t index);
    void kill(Service& service, Duration down);
    // From its next start on, for a metadata server.
    void use_repository(Service& service, std::string path);
    // The one at its path, for a chunk server.
    void use_chunk_repository(Service& service);
    // Where its first repository was.
    [[nodiscard]] static std::string first_path(const Service& service);
    // Null for one that was replaced.
    [[nodiscard]] const Service* chunk_server(CsId cs) const;
    // How any program finds the cluster.
    [[nodiscard]] rpc::ClusterAccess access() const;
    // As an administrator would, from a host of the first metadata server.
    void revoke_leases_of(std::string host);
    void remove_chunk_server(CsId cs, CsRemoval removal);
    void set_config(std::string name, std::string value);
    // Of all files. Null if its host has no power.
    Process* change_attributes(SetAttributesRequest attributes);
    // It was removed for good: the cluster is whole without it.
    void forget_chunk_server(Service& service);
    void cut_power(const std::vector<Machine*>& machines, Duration down);
    // What killed chunk servers of this host held in memory that outlives them is gone, too.
    void forget_memory(Machine& machine);
    // Starts what should run and does not.
    void supervise();
    // From here on nothing waits to be started again.
    void start_all_now();
    void start_clients();
    // A client of the scenario's own, on one of client_hosts(); `path` is that of the first file.
    void add_client(Machine& host,
                    std::function<Main(client::ClientOptions options, std::string path)> program);
    [[nodiscard]] const std::vector<Machine*>& client_hosts() const { return client_hosts_; }

    // Every chunk has its replicas, in sync, all metadata servers have applied the same, and
    // nothing is under way.
    [[nodiscard]] bool converged() const;
    // Why not, for a report.
    [[nodiscard]] std::string state_text() const;
    // Reads back all files; true if that went through.
    bool read_back();
    // Reads every replica of every chunk; what is wrong with one, or empty.
    [[nodiscard]] std::string audit();
    // How far scrubbing is, and whether since then all chunks were verified on all chunk servers
    // and compared between them, and nothing was found.
    struct ScrubMark {
        Term term;
        std::map<CsId, uint64_t> passes;
    };
    [[nodiscard]] ScrubMark scrub_mark() const;
    [[nodiscard]] bool scrubbed_since(const ScrubMark& mark) const;
    // A difference between replicas was told of: of one that nobody made it is a false alarm.
    [[nodiscard]] bool told_of_difference() const;
    // Two machines were said to have one host id: all have their own.
    [[nodiscard]] bool told_of_shared_host() const;
    void expect_difference() { difference_expected_ = true; }
    [[nodiscard]] bool expects_difference() const { return difference_expected_; }
    // Every chunk has two replicas to rely on: one may rot.
    [[nodiscard]] bool may_lose_a_replica() const;
    // Notes blocks whose every replica in sync may have lost what was not flushed.
    void note_losses();
    void may_lose_unflushed(const std::function<bool(CsId)>& who);
    // What differs between metadata servers that applied the same entries (I3); empty if nothing.
    [[nodiscard]] std::string compare_catalogues() const;

    // Null while no metadata server runs.
    [[nodiscard]] const meta::Catalogue* newest_catalogue() const;
    [[nodiscard]] const meta::Master* master() const;

    [[nodiscard]] WorkloadState& state() { return state_; }
    [[nodiscard]] const ClusterShape& shape() const { return shape_; }

    // Metadata servers that run now register here, so that what they hold can be looked at.
    struct LiveMds {
        meta::MdsServer* server = nullptr;
        const meta::Router* router = nullptr;
        // Null before it has opened its repository, and after its end.
        [[nodiscard]] const meta::MetaNode* node() const { return server->node(); }
    };
    std::map<std::string, LiveMds> live;

  private:
    [[nodiscard]] std::string metadata_servers_text() const;
    // How many have applied all that any of them has.
    [[nodiscard]] size_t metadata_servers_abreast() const;
    [[nodiscard]] std::vector<AuditedChunk> chunks_to_audit() const;
    [[nodiscard]] bool told_of(std::string_view words) const;
    bool set_up_first_mds();
    bool set_up_further_mds();
    bool set_up_chunk_servers();
    bool set_up_files();
    bool run_step(Machine& machine, const std::string& name,
                  std::function<Task<Result<void>>(Runtime&)> step);
    void add_service(Service::Kind kind, const std::string& name, Machine& machine,
                     std::function<Main()> main);
    [[nodiscard]] WorkloadOptions workload_options() const;
    [[nodiscard]] client::ClientOptions client_options(uint32_t number) const;
    // A write needs the minimum of replicas, so that many chunk servers must have run meanwhile.
    [[nodiscard]] std::string doubt_acknowledgement(Instant began) const;
    [[nodiscard]] Instant now() const { return {world_.now().nanoseconds}; }

    World& world_;
    ClusterShape shape_;
    WorkPlan work_;
    AllRules rules_;
    WorkloadState state_;
    std::vector<Service> services_;
    std::vector<Machine*> mds_hosts_;
    std::vector<Machine*> cs_hosts_;
    std::vector<Machine*> client_hosts_;
    rpc::KeyFile key_;
    size_t chunk_servers_;   // that should run
    uint8_t least_minimum_;  // of replicas that any file ever had
    bool difference_expected_ = false;
    // The catalogue's chunks as they were last seen: the metadata servers may be gone when a power
    // cut must be judged.
    struct KnownChunk {
        FileId file;
        uint64_t index = 0;
        Version version;
        bool comparing = false;
        std::vector<std::pair<CsId, Version>> in_sync;  // with their `since`
    };
    void look_at_chunks();
    void judge_leaving(const meta::Catalogue& catalogue, ChunkId id, const KnownChunk& before);
    void say_changes(const meta::Catalogue& catalogue);
    std::map<ChunkId, KnownChunk> chunks_;
    LogIndex chunks_seen_at_;
    std::map<ChunkId, std::string> said_;  // of each chunk, for a trace's reader
    std::map<CsId, std::string> cs_hosts_by_id_;
    // Replicas that lost power since they were last made equal to the others.
    struct PowerLoss {
        Version version;  // the chunk's version then
        SimTime at;
    };
    std::map<std::pair<ChunkId, CsId>, PowerLoss> cut_;
    // Chunks that lack replicas which are neither lost nor in doubt: they must not be forgotten.
    std::set<ChunkId> below_minimum_;
    // When the last of a chunk's replicas lost power, as the history was told.
    std::map<ChunkId, SimTime> all_cut_;
};

}  // namespace cairn::sim
