// Client: one host's access to a cluster under one name (a mount point, an export, a command). It
// finds the master and follows it, holds the leases of all files opened through it and refreshes
// them together, and keeps one connection to each chunk server. Runs on one loop; stop() joins
// everything before it is destroyed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "client/cs_links.h"
#include "client/open_file.h"
#include "client/read_latency.h"
#include "client/rules.h"
#include "rpc/master_link.h"
#include "runtime/runtime.h"

namespace cairn::client {

struct ClientOptions {
    rpc::ClusterAccess access;
    HostId host;
    std::string
        name;  // mount point, export or command: the same name takes over from a former instance
    Duration lease_timeout{0};  // 0: the cluster's
    Duration patience{0};       // how long to look for a master; 0: for ever
    // A chunk that was flushed is no longer marked open for writing after this long without a
    // write.
    Duration unmark_after = seconds(5);
    Rules rules;
};

class Client {
  public:
    Client(Runtime& runtime, ClientOptions options);
    ~Client();

    // Finds the master and registers; then refreshes leases in the background.
    Task<Result<void>> start();
    // Closes what is open (flushed, unless it cannot be), unregisters, joins.
    Task<void> stop();
    // What waits for the cluster fails from now on, and stop() waits for nobody any more: what was
    // not flushed may be lost. For a program that must end while the cluster does not answer.
    void abandon(std::string reason);

    // The tree. Paths are absolute within the cluster: "/disks/a".
    Task<Result<NodeAttributes>> look_up(std::string path);
    Task<Result<NodeAttributes>> make_node(std::string path, NodeKind kind, uint32_t mode,
                                           std::optional<uint64_t> chunk_size);
    Task<Result<void>> remove(std::string path);
    Task<Result<void>> rename(std::string from, std::string to);
    Task<Result<ListDirectoryReply>> list(FileId directory, std::string after);
    Task<Result<void>> set_attributes(SetAttributesRequest request);

    // Opens share the lease of this client; writing needs it exclusive. busy: another client holds
    // it.
    Task<Result<std::shared_ptr<OpenFile>>> open(FileId file, LeaseMode mode);
    // Flushes and gives the lease back when the last handle closes.
    Task<Result<void>> close(std::shared_ptr<OpenFile> file);

    [[nodiscard]] ClientId id() const { return id_; }
    [[nodiscard]] InstanceId instance() const { return instance_; }
    [[nodiscard]] rpc::MasterLink& master() { return master_; }
    [[nodiscard]] CsLinks& chunk_servers() { return chunk_servers_; }
    [[nodiscard]] ReadLatency& read_latency() { return read_latency_; }
    [[nodiscard]] Scope& background() { return background_; }
    [[nodiscard]] Runtime& runtime() { return runtime_; }
    [[nodiscard]] const Rules& rules() const { return options_.rules; }
    // Whether what is trimmed gives its space back: the cluster's gen.do_punch_hole, as the master
    // said with the newest lease or refresh.
    [[nodiscard]] bool trims_free_space() const { return trims_free_space_; }
    uint64_t write_sequence = 0;

  private:
    Task<void> refresh_loop();
    Task<Result<void>> refresh_once();
    Task<void> housekeeping_loop();
    [[nodiscard]] Duration refresh_interval() const;
    // Both replies that tell of leases carry it.
    template <class Reply>
    void take_settings(const Reply& reply) {
        if (reply.header.position < settings_seen_)
            return;
        settings_seen_ = reply.header.position;
        trims_free_space_ = reply.punch_hole;
    }
    Task<Result<std::pair<FileId, std::string>>> parent_and_name(std::string path);

    Runtime& runtime_;
    ClientOptions options_;
    InstanceId instance_;
    ClientId id_;
    Duration lease_timeout_ = seconds(60);
    bool trims_free_space_ = false;
    LogIndex settings_seen_;  // the view that showed it
    rpc::Links links_;
    rpc::MasterLink master_;
    CsLinks chunk_servers_;
    ReadLatency read_latency_;
    std::map<FileId, std::shared_ptr<OpenFile>> files_;
    Mutex opening_;
    Event stopping_;
    Scope background_;
};

}  // namespace cairn::client
