// A cluster moves to new addresses: what configure-mds refuses and keeps, and how servers that were
// given the same, something else, or nothing find each other again, or do not.
#include "meta/node/cluster_for_test.h"
#include "meta/node/configure_addresses.h"
#include "meta/node/member_address.h"

namespace cairn::meta {
namespace {

raft::Membership members_of(const std::vector<std::string>& hosts) {
    raft::Membership members;
    for (size_t i = 0; i < hosts.size(); i++)
        members.members.push_back(
            {MdsId(static_cast<uint32_t>(i + 1)), false, member_address({hosts[i], 2510})});
    return members;
}

Error refusal(std::vector<NewAddress> addresses) {
    const Result<AddressPlan> plan =
        plan_addresses(members_of({"10.0.0.1", "10.0.0.2"}), std::move(addresses), {});
    return plan ? Error(Code::ok, "") : plan.error();
}

TEST(AddressPlan, NamesEachMemberOnceAtAnAddressOfItsOwn) {
    const Address a{"10.1.0.1", 2510};
    const Address b{"10.1.0.2", 2510};
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(2), b}}).code(), Code::ok);
    EXPECT_EQ(refusal({{MdsId(2), b}, {MdsId(1), a}}).code(), Code::ok) << "in any order";
    EXPECT_EQ(refusal({{MdsId(1), a}}).code(), Code::invalid_argument);
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(2), b}, {MdsId(3), {"10.1.0.3", 2510}}}).code(),
              Code::invalid_argument);
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(1), b}}).code(), Code::invalid_argument);
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(2), a}}).code(), Code::invalid_argument);
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(2), a.next_port()}}).code(), Code::invalid_argument)
        << "MDS#1 serves clients there";
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(2), {"0.0.0.0", 2510}}}).code(),
              Code::invalid_argument);
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(2), {"/socket", 0}}}).code(), Code::invalid_argument);
    EXPECT_EQ(refusal({{MdsId(1), a}, {MdsId(2), {"10.1.0.2", UINT16_MAX}}}).code(),
              Code::invalid_argument);
    EXPECT_FALSE(plan_addresses({}, {}, {}).has_value()) << "it has not joined yet";
}

TEST(AddressPlan, RemembersAllAddressesThatAServerMayHaveHad) {
    const auto move = [](const char* host, const std::optional<AddressPlan>& pending) {
        return *plan_addresses(members_of({"10.0.0.1"}), {{MdsId(1), {host, 2510}}}, pending);
    };
    const AddressPlan first = move("10.1.0.1", {});
    const AddressPlan second = move("10.2.0.1", first);
    EXPECT_EQ(second.servers.front().known,
              (std::vector<Address>{{"10.0.0.1", 2510}, {"10.1.0.1", 2510}}));
    EXPECT_EQ(second.address_of(MdsId(1)), (Address{"10.2.0.1", 2510}));
    EXPECT_TRUE(second.address_of(MdsId(2)).is_none());
    EXPECT_FALSE(second.is_in_force_in(members_of({"10.1.0.1"})));
    EXPECT_TRUE(second.is_in_force_in(members_of({"10.2.0.1"})));
}

TEST(AddressPlan, EveryFlippedByteOfItsFileIsNoticed) {
    const LogOwner owner{test_cluster_id(), MdsId(1)};
    const AddressPlan plan =
        *plan_addresses(members_of({"10.0.0.1", "10.0.0.2"}),
                        {{MdsId(1), {"10.1.0.1", 2510}}, {MdsId(2), {"10.1.0.2", 3000}}}, {});
    const Bytes bytes = encode_address_plan(plan, owner);
    EXPECT_EQ(*decode_address_plan(bytes, owner), plan);
    EXPECT_EQ(decode_address_plan(bytes, {test_cluster_id(), MdsId(2)}).code(),
              Code::wrong_cluster);
    for (size_t i = 0; i < bytes.size(); i++) {
        Bytes bad = bytes;
        bad[i] ^= std::byte{1};
        EXPECT_FALSE(decode_address_plan(bad, owner).has_value()) << i;
        EXPECT_FALSE(decode_address_plan(ByteView(bytes).first(i), owner).has_value()) << i;
    }
}

// A cluster of three whose servers can be given new ports; their hosts stay.
struct Move : testing::Test {
    void SetUp() override {
        cluster.create(3);
        cluster.watch_agreement();
        writer = &cluster.start_writer("w", milliseconds(20));
        wait_for_names(5);
    }
    void wait_for_names(uint64_t count) {
        ASSERT_TRUE(cluster.world.run_until(
            [this, goal = writer->next + count] { return writer->next >= goal; }, seconds(120)));
    }
    void stop_all() {
        for (size_t i = 0; i < 3; i++)
            EXPECT_TRUE(cluster.stop(i));
    }
    static Address at(size_t number, uint16_t port) {
        return {"10.0.0." + std::to_string(number + 1), port};
    }
    static std::vector<NewAddress> all_at(uint16_t port) {
        std::vector<NewAddress> addresses;
        for (size_t i = 0; i < 3; i++)
            addresses.push_back({MdsId(static_cast<uint32_t>(i + 1)), at(i, port)});
        return addresses;
    }
    static Task<void> run_configure(Runtime& runtime, std::vector<NewAddress> addresses,
                                    LogStoreOptions options, Result<void>& outcome) {
        auto done =
            co_await configure_addresses(runtime, "/mds", "demo", std::move(addresses), options);
        outcome = done ? Result<void>() : Result<void>(done.error());
    }
    sim::Process& start_configure(size_t number, std::vector<NewAddress> addresses) {
        outcome = Error(Code::cancelled, "killed");
        return cluster.world.start(
            *cluster.servers[number]->machine, "configure", [this, addresses](Runtime& runtime) {
                return run_configure(runtime, addresses, cluster.options.log, outcome);
            });
    }
    Result<void> configure(size_t number, std::vector<NewAddress> addresses) {
        sim::Process& process = start_configure(number, std::move(addresses));
        EXPECT_TRUE(cluster.world.run_until([&] { return !process.running(); }, seconds(60)));
        return outcome;
    }
    // So that writers that are started from here on ask there.
    void note_port(size_t number, uint16_t port) {
        cluster.servers[number]->address = at(number, port);
    }
    // A stopped one starts with other addresses.
    void move_to(size_t number, std::vector<NewAddress> addresses, uint16_t port) {
        const Result<void> done = configure(number, std::move(addresses));
        EXPECT_TRUE(done.has_value()) << done.error().message();
        note_port(number, port);
        cluster.start(number);
    }
    void move_to(size_t number, uint16_t port) { move_to(number, all_at(port), port); }
    void write_at_new_ports() {
        cluster.end_writers();
        writer = &cluster.start_writer("w" + std::to_string(++writers), milliseconds(20));
        wait_for_names(5);
    }
    [[nodiscard]] bool has_moved(size_t number, uint16_t port) const {
        const MetaNode* node = cluster.servers[number]->node();
        if (node == nullptr || cluster.servers[number]->running->store()->address_plan())
            return false;
        for (size_t i = 0; i < 3; i++) {
            const MdsId id(static_cast<uint32_t>(i + 1));
            const auto record = node->catalogue().metadata_servers().find(id);
            if (record->second.address != at(i, port) ||
                address_of(*node->committed_membership().find(id)) != at(i, port))
                return false;
        }
        return true;
    }
    [[nodiscard]] bool all_moved(uint16_t port) const {
        return has_moved(0, port) && has_moved(1, port) && has_moved(2, port);
    }
    void expect_first_two_moved(uint16_t port) {
        EXPECT_TRUE(cluster.world.run_until(
            [this, port] { return has_moved(0, port) && has_moved(1, port); }, seconds(20)));
    }
    void expect_all_moved(uint16_t port) {
        EXPECT_TRUE(cluster.world.run_until([this, port] { return all_moved(port); }, seconds(30)));
    }

    TestCluster cluster{77};
    TestCluster::Writer* writer = nullptr;
    int writers = 0;
    Result<void> outcome;
};

TEST_F(Move, AStoppedClusterServesAtItsNewAddressesAndForgetsThePlan) {
    stop_all();
    for (size_t i = 0; i < 3; i++)
        move_to(i, 3510);
    write_at_new_ports();
    expect_all_moved(3510);
    // Once more, and by power cuts: nothing of the way is needed any more.
    for (size_t i = 0; i < 3; i++) {
        cluster.cut_power(i);
        cluster.start(i);
    }
    write_at_new_ports();
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Move, IsRefusedWhileTheServerRunsAndForAnotherSetOfServers) {
    EXPECT_EQ(configure(0, all_at(3510)).code(), Code::busy);
    EXPECT_TRUE(cluster.stop(0));
    std::vector<NewAddress> two = all_at(3510);
    two.pop_back();
    EXPECT_EQ(configure(0, two).code(), Code::invalid_argument);
    cluster.start(0);
    wait_for_names(5);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Move, KilledOrCutOffAnywhereItWasDoneOrNot) {
    stop_all();
    for (int round = 0; round < 60; round++) {
        const uint16_t port = static_cast<uint16_t>(3510 + round);
        sim::Process& process = start_configure(0, all_at(port));
        cluster.world.run_for(microseconds(200 * round));
        if (round % 2 == 0 && process.running())
            cluster.world.kill(process);
        else if (process.running())
            cluster.cut_power(0);
    }
    for (size_t i = 0; i < 3; i++)
        move_to(i, 4510);
    write_at_new_ports();
    expect_all_moved(4510);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Move, ServersThatDieOnTheWayArrive) {
    stop_all();
    for (size_t i = 0; i < 3; i++)
        move_to(i, 3510);
    for (size_t round = 0; round < 30 && !all_moved(3510); round++) {
        cluster.world.run_for(milliseconds(100 + 70 * static_cast<int64_t>(round)));
        if (round % 2 == 0)
            cluster.cut_power(round % 3);
        else
            cluster.kill(round % 3);
        cluster.start(round % 3);
    }
    write_at_new_ports();
    expect_all_moved(3510);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Move, AForgottenServerIsLeftOutUntilItIsGivenTheSame) {
    stop_all();
    for (size_t i = 0; i < 3; i++) {
        if (i != 2)
            move_to(i, 3510);
        else
            cluster.start(i);
    }
    write_at_new_ports();
    cluster.world.run_for(seconds(20));
    EXPECT_FALSE(has_moved(2, 3510));
    EXPECT_TRUE(cluster.stop(2));
    move_to(2, 3510);
    expect_all_moved(3510);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Move, AServerThatWasGivenSomethingElseChangesNothingForTheOthers) {
    stop_all();
    for (size_t i = 0; i < 3; i++) {
        std::vector<NewAddress> addresses = all_at(3510);
        // It knows MDS#2 at an address that nobody has, or that is MDS#1's.
        if (i == 2)
            addresses[1].address = at(7, 3510);
        move_to(i, addresses, 3510);
    }
    write_at_new_ports();
    expect_first_two_moved(3510);
    // The others go, and come back, in turn: whoever leads, what was agreed on stays.
    for (size_t round = 0; round < 4; round++) {
        EXPECT_TRUE(cluster.stop(round % 2));
        cluster.world.run_for(seconds(5));
        cluster.start(round % 2);
        cluster.world.run_for(seconds(5));
        EXPECT_TRUE(has_moved(0, 3510) && has_moved(1, 3510));
    }
    EXPECT_FALSE(has_moved(2, 3510));
    EXPECT_TRUE(cluster.stop(2));
    move_to(2, 3510);
    expect_all_moved(3510);
    wait_for_names(5);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Move, AnotherServerAtAnAddressIsNotTakenForTheOneMeant) {
    stop_all();
    // MDS#1 and MDS#2 with their addresses exchanged, as the third has it.
    for (size_t i = 0; i < 3; i++) {
        std::vector<NewAddress> addresses = all_at(3510);
        if (i == 2)
            std::swap(addresses[0].address, addresses[1].address);
        move_to(i, addresses, 3510);
    }
    write_at_new_ports();
    expect_first_two_moved(3510);
    EXPECT_FALSE(has_moved(2, 3510));
    cluster.end_writers();
    EXPECT_EQ(cluster.disagreements, 0u);
}

}  // namespace
}  // namespace cairn::meta
