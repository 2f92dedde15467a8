// Figure 8 of the Raft paper, with five metadata servers. One leads and has entries on one other;
// another is elected by the rest, which does not know them, and has an entry of its own on nobody
// else. The first leads again, and a third server has its old entries, but not yet that of its new
// term (they do not fit into one message): they are on a majority, and must not count. For now the
// second comes back, is elected by those that never had more, and has another entry in their place.
#include "meta/catalogue/catalogue.h"
#include "rpc/master_link.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

// Larger than half of what one message takes. (It is refused as a name, but only when applied.)
constexpr size_t large = 700 * kib;

Task<void> make(rpc::MasterLink& master, std::string name) {
    MakeNodeRequest request;
    request.parent = FileId(1);
    request.name = std::move(name);
    request.kind = NodeKind::directory;
    static_cast<void>(co_await master.call<NodeReply>(Method::make_node, std::move(request)));
}

Task<void> make_directories(Runtime& runtime, rpc::ClusterAccess access) {
    rpc::Links links(runtime,
                     {{access.key.cluster, access.name}, {Role::tool, 0, 0}, access.key.key});
    rpc::MasterLink master(runtime, links, access.name, access.servers, seconds(2));
    co_await make(master, "first");
    {
        Scope requests(runtime.loop);
        requests.spawn(make(master, "second"));
        requests.spawn(make(master, std::string(large, 'x')));
        requests.spawn(make(master, std::string(large, 'y')));
        co_await requests.join();
    }
    master.stop();
    co_await links.close();
}

bool has(Stage& stage, size_t server, const std::string& name) {
    const meta::MetaNode* node = stage.node(server);
    return node != nullptr && node->catalogue().look_up(FileId(1), name, true).has_value();
}

LogIndex stable(Stage& stage, size_t server) {
    const meta::MetaNode* node = stage.node(server);
    return node == nullptr ? LogIndex() : node->raft_status().stable;
}

World::Machines hosts(Stage& stage, const std::vector<size_t>& servers) {
    World::Machines machines;
    for (const size_t server : servers)
        machines.push_back(&stage.mds_host(server));
    return machines;
}

// The first of `servers` to lead; it moves to the front.
bool one_leads(Stage& stage, std::vector<size_t>& servers) {
    return stage.until([&] {
        const auto leads = std::ranges::find_if(servers, [&stage](size_t server) {
            const meta::MetaNode* node = stage.node(server);
            return node != nullptr && node->raft_status().role == raft::Role::leader;
        });
        if (leads == servers.end())
            return false;
        std::swap(servers.front(), *leads);
        return true;
    });
}

}  // namespace

void story_own_term(Stage& stage) {
    World& world = stage.world();
    if (!stage.all_vote())
        return;
    // 1. Entries on two of five.
    std::vector<size_t> two = {*stage.master_index()};
    std::vector<size_t> three;
    for (size_t i = 0; i < 5; i++) {
        if (i != two.front())
            (two.size() < 2 ? two : three).push_back(i);
    }
    const rpc::ClusterAccess access = stage.cluster().access();
    Process& tool = world.start(stage.client(0).host(), "tool", [access](Runtime& runtime) {
        return make_directories(runtime, access);
    });
    if (!stage.until([&] { return has(stage, two[0], "first"); }))
        return;
    world.partition(hosts(stage, two), hosts(stage, three));
    const LogIndex all(stable(stage, two[0]).number + 3);
    const bool held = stage.until(
        [&] { return stable(stage, two[0]) >= all && stable(stage, two[1]) >= all; }, seconds(2));
    world.kill(tool);
    // 2. One of the others is elected, and its entry reaches nobody.
    if (!held || !one_leads(stage, three))
        return;
    const size_t rival = three[0];
    world.partition(hosts(stage, {rival}), hosts(stage, {three[1], three[2]}));
    stage.run_for(milliseconds(50));
    stage.kill(stage.mds(rival));
    // 3. The first two and a third: a majority.
    world.heal_network();
    world.partition(hosts(stage, {two[0], two[1], three[1]}), hosts(stage, {three[2], rival}));
    if (!stage.until([&] { return has(stage, two[0], "second") || has(stage, two[1], "second"); }))
        return;
    stage.reached();
    world.heal_network();
    world.partition(hosts(stage, two), hosts(stage, three));
    // 4. The rival and those who never had more.
    stage.bring_back(stage.mds(rival));
    one_leads(stage, three);
    stage.run_for(seconds(1));
}

}  // namespace cairn::sim
