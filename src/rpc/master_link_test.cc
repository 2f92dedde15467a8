// MasterLink: finds the master though some servers name another, or none.
#include "rpc/master_link.h"

#include "rpc/rpc_for_test.h"
#include "wire/mds_messages.h"
#include "wire/methods.h"

namespace cairn::rpc {
namespace {

// A metadata server as far as MasterLink sees it.
class FakeMds final : public Handler {
  public:
    FakeMds(MdsId self, MdsId names, std::vector<MdsInfo> servers)
        : self_(self), names_(names), servers_(std::move(servers)) {}

    Task<Response> handle(Session&, Request request) override {
        if (request.method == Method::find_master) {
            asked++;
            co_return Response(encode(FindMasterReply{self_, names_, Term(1), servers_}));
        }
        if (names_ != self_)
            co_return Response::failure({Code::not_master, "another one is the master"});
        co_return Response(encode(EmptyReply{}));
    }
    void session_opened(Session&) override {}
    void session_ended(Session&) override {}

    int asked = 0;

  private:
    MdsId self_;
    MdsId names_;
    std::vector<MdsInfo> servers_;
};

class MasterLinkTest : public RpcTest {
  public:
    // Servers 1 to n; `names[i]` is the number that server i + 1 takes for the master.
    Task<void> call(Runtime& runtime, std::vector<uint32_t> names, Result<EmptyReply>& outcome) {
        std::vector<MdsInfo> all;
        std::vector<Address> addresses;
        for (uint32_t i = 1; i <= names.size(); i++) {
            addresses.push_back({"10.0.0.1", static_cast<uint16_t>(2000 + 2 * i)});
            all.push_back({MdsId(i), addresses.back(), true});
        }
        std::vector<std::unique_ptr<FakeMds>> handlers;
        std::vector<std::unique_ptr<Server>> servers;
        for (const MdsInfo& mds : all) {
            ServerIdentity identity = program.identity;
            identity.identity = {Role::mds, mds.mds.number, 1};
            handlers.push_back(
                std::make_unique<FakeMds>(mds.mds, MdsId(names[mds.mds.number - 1]), all));
            servers.push_back(
                std::make_unique<Server>(runtime, identity, *handlers.back(), ServerOptions{}));
            CHECK(servers.back()->listen(mds.peer_address.next_port()).has_value());
        }
        Links links(runtime, {demo_cluster(), {Role::tool, 0, 0}, key_of(1)});
        MasterLink master(runtime, links, "demo", addresses, seconds(5));
        outcome = co_await master.call<EmptyReply>(Method::remove_mds, RemoveMdsRequest{MdsId(9)});
        for (size_t i = 0; i < handlers.size(); i++)
            asked.push_back(handlers[i]->asked);
        master.stop();
        co_await links.close();
        for (const auto& server : servers)
            co_await server->stop(seconds(1));
    }
    Result<EmptyReply> call_with(const std::vector<uint32_t>& names) {
        Result<EmptyReply> outcome = Error(Code::unavailable, "not called");
        sim::Process& process = world.start(
            *server_host, "all", [&](Runtime& runtime) { return call(runtime, names, outcome); });
        EXPECT_TRUE(world.run_until([&] { return !process.running(); }, seconds(60)));
        return outcome;
    }

    std::vector<int> asked;
};

TEST_F(MasterLinkTest, AsksWhomTheFirstNames) {
    EXPECT_TRUE(call_with({3, 3, 3}));
    EXPECT_EQ(asked, (std::vector{1, 0, 0}));
}

// The first is behind: it was removed, or cannot reach the others.
TEST_F(MasterLinkTest, AServerThatIsBehindIsNotBelievedForEver) {
    EXPECT_TRUE(call_with({2, 3, 3}));
    EXPECT_EQ(asked[0], 1);
}

TEST_F(MasterLinkTest, GivesUpWhereNobodyIsTheMaster) {
    const Result<EmptyReply> outcome = call_with({2, 1, 2});
    EXPECT_EQ(outcome.code(), Code::not_master);
    EXPECT_GT(asked[2], 0) << "all are asked";
}

}  // namespace
}  // namespace cairn::rpc
