// Stage: a simulated cluster on which a story is played, step by step: who opens, writes and reads,
// what is cut, slow or killed meanwhile. A story is the schedule against which a rule stands (the
// brackets of the design notes tell them); chance would meet it once in a million seeds.
//     Actor& writer = stage.client(0);
//     stage.done(writer.open(LeaseMode::exclusive));
//     stage.world().block(writer.host(), stage.cs_host(0));
//     const ActRef late = writer.write(0);
//     stage.run_for(seconds(1));
// What clients saw goes into the history as in every other seed, and is judged in the same way.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/cluster.h"
#include "sim/recorder.h"

namespace cairn::sim {

// One thing that an actor was told to do.
struct Act {
    std::optional<Result<BlockValue>> outcome;  // once it ended; the value of a read
    [[nodiscard]] bool ended() const { return outcome.has_value(); }
    [[nodiscard]] bool succeeded() const { return ended() && outcome->has_value(); }
};
using ActRef = std::shared_ptr<Act>;

// A client that does what it is told, all of it at the same time, on the one file of the stage. A
// killed one comes back without its open file, and forgets what it was told.
class Actor {
  public:
    Actor(Machine& host, WorkloadState& state, std::function<Instant()> now)
        : host_(host), state_(state), recorder_(state, std::move(now)) {}

    ActRef open(LeaseMode mode);
    ActRef write(uint64_t block, uint64_t count = 1);
    ActRef write_durable(uint64_t block);
    ActRef trim(uint64_t block, uint64_t count);
    ActRef read(uint64_t block);
    ActRef flush();
    ActRef close();

    [[nodiscard]] Machine& host() { return host_; }
    // The program; `path` names the file.
    [[nodiscard]] Main program(client::ClientOptions options, std::string path);

  private:
    struct Seat;
    using Order = std::function<Task<Result<BlockValue>>(Seat&)>;
    ActRef tell(Order order);
    // For what needs the file: an error where it is not open.
    ActRef tell_about_file(Order order);
    static Task<Result<BlockValue>> not_open();
    Task<void> run(Runtime& runtime, client::ClientOptions options, std::string path);
    static Task<void> perform(Seat& seat, Order order, ActRef act);
    static Task<Result<BlockValue>> valueless(Task<Result<void>> task);
    static Task<Result<BlockValue>> open_file(Recorder& recorder, Seat& seat, LeaseMode mode);

    Machine& host_;
    WorkloadState& state_;
    Recorder recorder_;
    std::deque<std::pair<Order, ActRef>> orders_;
};

class Stage {
  public:
    Stage(World& world, SimCluster& cluster);

    [[nodiscard]] World& world() { return world_; }
    [[nodiscard]] SimCluster& cluster() { return cluster_; }
    [[nodiscard]] Random& dice() { return world_.random(); }
    [[nodiscard]] Actor& client(size_t index) { return *actors_.at(index); }
    // Hosts, and the only chunk server and metadata server on each.
    [[nodiscard]] Machine& cs_host(size_t index) { return *cs(index).machine; }
    [[nodiscard]] Machine& mds_host(size_t index) { return *mds(index).machine; }
    [[nodiscard]] SimCluster::Service& cs(size_t index);
    [[nodiscard]] SimCluster::Service& mds(size_t index);
    // What runs on that metadata server; null while nothing does.
    [[nodiscard]] const meta::MetaNode* node(size_t index);
    // The metadata server that is master now; none: nullopt.
    [[nodiscard]] std::optional<size_t> master_index() const;
    // Of the chunk server with this id; they are numbered in the order of their hosts.
    [[nodiscard]] static size_t index_of(CsId cs) { return cs.number - SimCluster::first_cs_id; }
    [[nodiscard]] static CsId id_of(size_t index) { return CsId(SimCluster::first_cs_id + index); }

    // The first chunk of the file, in the newest catalogue; null before it was made.
    [[nodiscard]] const meta::Chunk* chunk() const;
    // Its state on this chunk server: nullopt if that holds no replica.
    [[nodiscard]] std::optional<PieceState> piece(size_t index) const;
    // The chunk servers whose replicas are in sync, in the catalogue's order: a comparison takes
    // the first that it may for its source, a join the last.
    [[nodiscard]] std::vector<size_t> in_sync() const;
    // Two of the chunk's pieces stand on one host.
    [[nodiscard]] bool shares_a_host(const meta::Chunk& chunk);
    [[nodiscard]] bool comparing() const;
    // The chunk server that clients read chunk `index` of the file from, as long as it answers. The
    // chunk exists.
    [[nodiscard]] size_t read_first(uint64_t index = 0) const;

    // The cluster runs, with what keeps its programs running.
    void run_for(Duration duration);
    // Until it is so; false if it did not come about within `limit`.
    bool until(const std::function<bool()>& condition, Duration limit = seconds(30));
    // Until the act ended; whether it succeeded.
    bool done(const ActRef& act, Duration limit = seconds(30));
    // How most stories begin: it opens the file, writes the first block and flushes.
    bool has_flushed(Actor& writer);
    // The same with two replicas on three chunk servers: one that has a replica, drawn, and the one
    // that has none.
    struct OneOfTwo {
        size_t drawn = 0;
        size_t without = 0;
    };
    std::optional<OneOfTwo> has_flushed_to_two(Actor& writer);
    // A write of the first block reaches the replica on that chunk server and no other before its
    // writer's host loses power and its lease is taken away.
    void die_writing_to_one(Actor& writer, size_t reached);
    // Until every metadata server votes and has the whole log.
    bool all_vote();
    // A stretch of time that another seed draws differently.
    [[nodiscard]] Duration some(Duration least, Duration most);

    // It does not come back before bring_back().
    void kill(SimCluster::Service& service);
    void bring_back(SimCluster::Service& service);
    // Brings that chunk server back; until a master counts on it. False if none does.
    bool start_again(size_t cs_index);
    // Nothing passes between these and all others.
    void cut_off(const World::Machines& machines);
    void cut_power(const World::Machines& machines, Duration down);

    // The server is killed, a write misses it, and it leaves the chunk's set. It comes back by
    // bring_back().
    bool lose(size_t cs_index, Actor& writer);

    // The story came to the point that it tells of: counted, so that a test can tell.
    void reached() { reached_ = true; }
    [[nodiscard]] bool was_reached() const { return reached_; }

  private:
    World& world_;
    SimCluster& cluster_;
    std::vector<std::unique_ptr<Actor>> actors_;
    bool reached_ = false;
};

}  // namespace cairn::sim
