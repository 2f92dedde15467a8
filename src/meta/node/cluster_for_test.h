// For the tests of this folder: metadata servers on simulated hosts, each with a handler that knows
// two requests (make_node and look_up), client programs that use them, and the checks that hold
// whatever happens.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "meta/node/make_repository.h"
#include "meta/node/mds_server.h"
#include "rpc/master_link.h"
#include "runtime/sim/world.h"
#include "wire/log_tree.h"

namespace cairn::meta {

inline ClusterId test_cluster_id() {
    ClusterId id;
    id.bytes.fill(0x42);
    return id;
}

inline rpc::KeyFile test_key() {
    rpc::ClusterKey::Content content;
    content.fill(std::byte{7});
    return {test_cluster_id(),
            {.salt = {},
             .operations = rpc::cheapest_operations,
             .memory_kib = rpc::cheapest_memory_kib},
            rpc::ClusterKey(content)};
}

class TestHandler final : public RequestHandler {
  public:
    Task<rpc::Response> handle(rpc::Session&, rpc::Request request) override {
        running_++;
        rpc::Response response;
        if (consensus_ == nullptr)
            response = rpc::Response::failure({Code::not_master, "deposed"});
        else if (request.method == Method::make_node)
            response = co_await make(*consensus_, std::move(request));
        else
            response = co_await look_up(*consensus_, std::move(request));
        running_--;
        co_return response;
    }
    void became_master(Consensus& consensus) override {
        EXPECT_EQ(consensus_, nullptr);
        consensus_ = &consensus;
    }
    Task<void> deposed() override {
        consensus_ = nullptr;
        co_return;
    }
    void applied(const Effects&) override { EXPECT_NE(consensus_, nullptr); }

  private:
    static Task<rpc::Response> make(Consensus& consensus, rpc::Request request) {
        const Result<MakeNodeRequest> wanted = decode<MakeNodeRequest>(request.body.view());
        CHECK(wanted.has_value());
        const logged::MakeNode node{
            .parent = wanted->parent, .name = wanted->name, .symlink_target = {}, .chunk_size = {}};
        Result<Answer> answer = co_await consensus.propose(entry_of(node, WallTime{1}));
        if (!answer)
            co_return rpc::Response::failure(answer.error());
        if (!answer->ok())
            co_return rpc::Response::failure({answer->code, answer->message});
        co_return rpc::Response(encode(EmptyReply{{consensus.applied(), consensus.term()}}));
    }
    static Task<rpc::Response> look_up(Consensus& consensus, rpc::Request request) {
        const Result<LookUpRequest> wanted = decode<LookUpRequest>(request.body.view());
        CHECK(wanted.has_value());
        const Result<void> confirmed = co_await consensus.confirm_master();
        if (!confirmed)
            co_return rpc::Response::failure(confirmed.error());
        const Result<FileId> found =
            consensus.catalogue().look_up(wanted->start, wanted->path, true);
        if (!found)
            co_return rpc::Response::failure(found.error());
        co_return rpc::Response(encode(EmptyReply{{consensus.applied(), consensus.term()}}));
    }

    Consensus* consensus_ = nullptr;
    int running_ = 0;
};

// One metadata server and what its test sees of it.
struct TestServer {
    MdsId id;
    sim::Machine* machine = nullptr;
    sim::Process* process = nullptr;
    MdsServer* running = nullptr;  // only while it runs
    bool stop = false;
    std::vector<Error> errors;  // with which it ended
    Address address;

    [[nodiscard]] MetaNode* node() const { return running == nullptr ? nullptr : running->node(); }
};

class TestCluster {
  public:
    explicit TestCluster(uint64_t seed, const sim::FaultPlan& plan = sim::FaultPlan::none())
        : world(seed, plan) {
        options.key = test_key();
        options.log.segment_size = 64 * kib;
        options.node.snapshot_log_bytes = 256 * kib;
        options.node.entries_kept = 50;
        options.node.snapshot_piece_bytes = 16 * kib;
        client_host = &world.add_host({.name = "client", .addresses = {"10.0.1.1"}});
    }

    // Makes `count` servers: the first creates the cluster, the others are added to it.
    void create(size_t count) {
        add_machine();
        make_repository_of(*servers[0], MdsId(1), true);
        start(0);
        ASSERT_TRUE(world.run_until([this] { return master() != nullptr; }, seconds(20)));
        for (size_t i = 1; i < count; i++)
            add_server();
        ASSERT_TRUE(world.run_until([&] { return voters() == count; }, seconds(60)))
            << voters() << " of " << count << " servers vote";
    }

    size_t add_machine() {
        const size_t number = servers.size();
        const std::string ip = "10.0.0." + std::to_string(number + 1);
        auto server = std::make_unique<TestServer>();
        server->machine =
            &world.add_host({.name = "mds" + std::to_string(number + 1), .addresses = {ip}});
        server->address = {ip, 2510};
        servers.push_back(std::move(server));
        return number;
    }

    // As make-mds does: the master gives an id, the repository is made, the server starts.
    void add_server() {
        const size_t number = add_machine();
        TestServer& fresh = *servers[number];
        Result<MdsId> added = Error(Code::unavailable, "not asked");
        ask_until_done([this, &fresh, &added](Runtime& runtime) {
            return ask_to_add(runtime, *this, fresh.address, added);
        });
        ASSERT_TRUE(added.has_value()) << added.error().message();
        make_repository_of(fresh, *added, false);
        start(number);
    }

    [[nodiscard]] Result<void> remove(MdsId mds) {
        Result<void> removed = Error(Code::unavailable, "not asked");
        ask_until_done([this, mds, &removed](Runtime& runtime) {
            return ask_to_remove(runtime, *this, mds, removed);
        });
        return removed;
    }

    void make_repository_of(TestServer& server, MdsId id, bool first) {
        server.id = id;
        Result<void> made = Error(Code::unavailable, "not made");
        sim::Process& process =
            world.start(*server.machine, "make", [this, &server, &made, first](Runtime& runtime) {
                return run_make(runtime, server, made, first);
            });
        ASSERT_TRUE(world.run_until([&] { return !process.running(); }, seconds(60)));
        ASSERT_TRUE(made.has_value()) << made.error().message();
    }

    void start(size_t number) {
        TestServer& server = *servers[number];
        server.stop = false;
        server.process = &world.start(*server.machine, "mdsd", [this, &server](Runtime& runtime) {
            return run_server(runtime, server);
        });
    }
    void restart_all_with(MetaNodeRules rules) {
        options.node.rules = rules;
        for (size_t i = 0; i < servers.size(); i++) {
            kill(i);
            start(i);
        }
        ASSERT_TRUE(world.run_until([this] { return master() != nullptr; }, seconds(20)));
    }
    void kill(size_t number) {
        TestServer& server = *servers[number];
        if (is_up(number))
            world.kill(*server.process);
        server.running = nullptr;
    }
    void cut_power(size_t number) {
        TestServer& server = *servers[number];
        world.cut_power(*server.machine);
        server.running = nullptr;
        world.power_on(*server.machine);
    }
    // True if it came to a clean end.
    [[nodiscard]] bool stop(size_t number) {
        TestServer& server = *servers[number];
        server.stop = true;
        return world.run_until([&] { return !server.process->running(); }, seconds(60));
    }
    [[nodiscard]] bool is_up(size_t number) const {
        const TestServer& server = *servers[number];
        return server.process != nullptr && server.process->running();
    }

    // The announced master of the highest term.
    [[nodiscard]] TestServer* master() const {
        TestServer* found = nullptr;
        for (const auto& server : servers)
            if (server->node() != nullptr && server->running->serves_as_master() &&
                (found == nullptr || server->node()->term() > found->node()->term()))
                found = server.get();
        return found;
    }
    [[nodiscard]] size_t number_of(const TestServer* server) const {
        for (size_t i = 0; i < servers.size(); i++)
            if (servers[i].get() == server)
                return i;
        return servers.size();
    }
    [[nodiscard]] size_t voters() const {
        const TestServer* leader = master();
        if (leader == nullptr)
            return 0;
        size_t count = 0;
        for (const MdsInfo& info : leader->node()->servers())
            count += info.voter ? 1 : 0;
        return count;
    }

    // Makes names until `end` is set, and remembers those that were acknowledged.
    struct Writer {
        std::string name;
        bool end = false;
        uint64_t next = 0;
        Duration pause{0};             // after each name
        std::vector<Address> servers;  // that it knows
        std::vector<std::string> acknowledged;
        sim::Process* process = nullptr;
    };
    Writer& start_writer(const std::string& name, Duration pause = {},
                         const TestServer* avoid = nullptr) {
        auto writer = std::make_unique<Writer>();
        writer->name = name;
        for (const auto& server : servers)
            if (server.get() != avoid)
                writer->servers.push_back(server->address);
        writer->pause = pause;
        Writer& started = *writer;
        writers.push_back(std::move(writer));
        started.process = &world.start(*client_host, name, [&started](Runtime& runtime) {
            return run_writer(runtime, started);
        });
        return started;
    }
    void end_writers() {
        for (const auto& writer : writers)
            writer->end = true;
        for (const auto& writer : writers) {
            ASSERT_TRUE(world.run_until([&] { return !writer->process->running(); }, seconds(120)))
                << writer->name << " hangs";
        }
    }
    [[nodiscard]] size_t acknowledged() const {
        size_t count = 0;
        for (const auto& writer : writers)
            count += writer->acknowledged.size();
        return count;
    }

    // Compares what servers hold at the same position (I3), now and from now on.
    void watch_agreement() {
        compare();
        world.schedule(milliseconds(100), [this] { watch_agreement(); });
    }
    void compare() {
        for (const auto& server : servers) {
            if (server->node() == nullptr)
                continue;
            const LogIndex at = server->node()->applied();
            const uint64_t digest = server->node()->catalogue().digest();
            const auto [known, fresh] = digests.emplace(at, digest);
            if (!fresh && known->second != digest)
                disagreements++;
            if (!server->running->serves_as_master())
                continue;
            const auto [first, alone] = masters.emplace(server->node()->term(), server->id);
            if (!alone && first->second != server->id)
                disagreements++;
        }
    }

    // All servers that run hold the same, and everything acknowledged.
    [[nodiscard]] bool converged() const {
        const TestServer* leader = master();
        if (leader == nullptr)
            return false;
        for (const auto& server : servers) {
            if (server->node() == nullptr)
                continue;
            if (server->node()->applied() != leader->node()->applied())
                return false;
        }
        return true;
    }
    [[nodiscard]] std::vector<std::string> lost() const {
        std::vector<std::string> missing;
        for (const auto& server : servers) {
            if (server->node() == nullptr)
                continue;
            for (const auto& writer : writers)
                for (const std::string& name : writer->acknowledged)
                    if (!server->node()->catalogue().look_up(FileId(1), name, true))
                        missing.push_back(name + " at MDS#" + std::to_string(server->id.number));
        }
        return missing;
    }
    void expect_converged(Duration limit = seconds(60)) {
        EXPECT_TRUE(world.run_until([this] { return converged(); }, limit))
            << "seed " << world.seed();
        compare();
        EXPECT_EQ(disagreements, 0u) << "seed " << world.seed();
        const std::vector<std::string> missing = lost();
        EXPECT_TRUE(missing.empty())
            << missing.size() << " lost, first " << missing.front() << ", seed " << world.seed();
    }

    void ask_until_done(const std::function<Task<void>(Runtime&)>& ask) {
        sim::Process& process =
            world.start(*client_host, "ask", [ask](Runtime& runtime) { return ask(runtime); });
        ASSERT_TRUE(world.run_until([&] { return !process.running(); }, seconds(120)));
    }
    [[nodiscard]] std::vector<Address> client_addresses() const {
        std::vector<Address> all;
        for (const auto& server : servers)
            all.push_back(server->address);
        return all;
    }
    static rpc::LinkIdentity tool_identity() {
        rpc::LinkIdentity identity;
        identity.cluster = {test_cluster_id(), "demo"};
        identity.identity = {Role::tool, 0, 0};
        identity.credentials = test_key().key;
        return identity;
    }

    MdsServerOptions options;
    std::vector<std::unique_ptr<TestServer>> servers;
    std::vector<std::unique_ptr<Writer>> writers;
    std::map<LogIndex, uint64_t> digests;
    std::map<Term, MdsId> masters;
    size_t disagreements = 0;
    sim::World world;
    sim::Machine* client_host = nullptr;

  private:
    static Task<void> ask_to_add(Runtime& runtime, TestCluster& cluster, Address address,
                                 Result<MdsId>& added) {
        rpc::Links links(runtime, tool_identity());
        rpc::MasterLink master(runtime, links, "demo", cluster.client_addresses(), seconds(60));
        const AddMdsRequest request{std::move(address)};
        Result<AddMdsReply> reply = co_await master.call<AddMdsReply>(Method::add_mds, request);
        if (reply)
            added = reply->mds;
        else
            added = reply.error();
        co_await links.close();
    }
    static Task<void> ask_to_remove(Runtime& runtime, TestCluster& cluster, MdsId mds,
                                    Result<void>& removed) {
        rpc::Links links(runtime, tool_identity());
        rpc::MasterLink master(runtime, links, "demo", cluster.client_addresses(), seconds(60));
        Result<EmptyReply> reply =
            co_await master.call<EmptyReply>(Method::remove_mds, RemoveMdsRequest{mds});
        removed = reply ? Result<void>() : Result<void>(reply.error());
        co_await links.close();
    }
    Task<void> run_make(Runtime& runtime, TestServer& server, Result<void>& made, bool first) {
        made = co_await make_repository(
            runtime, {.directory = "/mds",
                      .identity = {test_cluster_id(), "demo", server.id, server.address},
                      .first = first,
                      .warn = {}});
    }
    Task<void> run_server(Runtime& runtime, TestServer& server) {
        MdsServerOptions its_options = options;
        its_options.directory = "/mds";
        MdsServer its_server(runtime, its_options,
                             [](const MdsIdentity&) { return std::make_unique<TestHandler>(); });
        server.running = &its_server;
        cairn::Event stop_event(runtime.loop);
        Scope scope(runtime.loop);
        bool ended = false;
        scope.spawn(watch_stop(runtime, server, stop_event, ended));
        Result<void> outcome = co_await its_server.run(stop_event);
        ended = true;
        server.running = nullptr;
        if (!outcome)
            server.errors.push_back(outcome.error());
        co_await scope.join();
    }
    static Task<void> watch_stop(Runtime& runtime, TestServer& server, cairn::Event& stop_event,
                                 bool& ended) {
        while (!server.stop && !ended)
            co_await Sleep(runtime.loop, milliseconds(20));
        stop_event.set();
    }
    static Task<void> run_writer(Runtime& runtime, Writer& writer) {
        rpc::Links links(runtime, tool_identity());
        rpc::MasterLink master(runtime, links, "demo", writer.servers, seconds(5));
        while (!writer.end) {
            MakeNodeRequest request;
            request.parent = FileId(1);
            request.name = writer.name + "-" + std::to_string(writer.next);
            Result<EmptyReply> reply =
                co_await master.call_once<EmptyReply>(Method::make_node, request);
            // A name that exists is one whose answer was lost before.
            if (reply || reply.code() == Code::already_exists) {
                writer.acknowledged.push_back(request.name);
                writer.next++;
                co_await Sleep(runtime.loop, writer.pause);
            } else {
                co_await Sleep(runtime.loop, milliseconds(10));
            }
        }
        co_await links.close();
    }
};

}  // namespace cairn::meta
