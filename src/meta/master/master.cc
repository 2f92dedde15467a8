#include "meta/master/master.h"

namespace cairn::meta {

bool Master::is_for_now(Code code) {
    return code == Code::retry || code == Code::overloaded;
}

Master::Master(Runtime& machine, Consensus& log, rpc::Links& links, MasterOptions chosen)
    : runtime(machine),
      consensus(log),
      options(chosen),
      servers(machine.clock.now()),
      leases(machine.clock.now()),
      orders(*this, links),
      leaving(*this),
      fences(*this),
      comparisons(*this),
      joins(*this),
      recovery(*this),
      balancing(*this),
      deletions(*this),
      chunk_ids(*this),
      registration(*this),
      removals(*this),
      restores(*this),
      digests(*this),
      scrub(*this),
      watchdog(*this),
      events(*this),
      shortages(*this),
      stopping_event(machine.loop),
      scope(machine.loop) {}

Master::~Master() = default;

Task<Result<Answer>> Master::propose_entry(LogEntry entry) {
    co_return co_await consensus.propose(std::move(entry));
}

Task<Result<Answer>> Master::insist_on_entry(LogEntry entry) {
    while (true) {
        Result<Answer> answer = co_await consensus.propose(entry);
        if (answer || !is_for_now(answer.code()))
            co_return answer;
        const bool stop = co_await pause(milliseconds(100));
        if (stop)
            co_return answer;
    }
}

Task<Result<void>> Master::log_entry(LogEntry entry) {
    Result<Answer> answer = co_await consensus.propose(std::move(entry));
    if (!answer)
        co_return answer.error();
    if (!answer->ok())
        co_return Error(answer->code, answer->message);
    co_return Result<void>();
}

placement::ClusterMap Master::cluster_map() const {
    placement::ClusterMap map;
    for (const auto& [cs, record] : catalogue().servers()) {
        const CsKnowledge* known = servers.find(cs);
        // One that has never spoken to this master has no room that anybody knows of.
        if (known == nullptr || record.state != CsLoggedState::known || record.draining ||
            known->space.total == 0)
            continue;
        placement::Server server;
        server.cs = cs;
        server.host = record.host;
        server.tier = record.tier;
        server.total = known->space.total;
        server.free = known->space.free;
        server.filesystem = known->space.filesystem;
        server.load = known->counters.queue_depth_tenths;
        server.active = servers.answers(cs);
        map.push_back(server);
    }
    return map;
}

placement::Policy Master::placement_policy() const {
    const Settings& settings = catalogue().settings();
    return {settings.fill_margin_percent(), settings.strict_failure_domain(),
            settings.strict_tier()};
}

Task<bool> Master::pause(Duration duration) {
    const bool stop = co_await stopping_event.wait_until(runtime.loop.now() + duration);
    co_return stop;
}

// What an earlier master left standing is begun again: fences are ordered anew, joiners leave and
// join anew, comparisons restart under new versions, because what an earlier master heard about
// their progress died with it.
void Master::start() {
    for (const auto& [file, epoch] : catalogue().fences())
        fences.begin(file);
    joins.take_up();
    recovery.look_at_all();
    comparisons.take_up();
    scope.spawn(watchdog.run());
    scope.spawn(deletions.run());
    scope.spawn(joins.run());
    scope.spawn(recovery.run());
    scope.spawn(removals.run());
    scope.spawn(scrub.run());
    scope.spawn(events.announce());
}

Task<void> Master::stop() {
    stopping_event.set();
    co_await scope.join();
}

void Master::applied(const Effects& effects) {
    if (stopping())
        return;
    // Before anybody can look whether it has run out; it is prolonged once more when its holder is
    // told.
    for (const auto& [file, client] : effects.leases_granted)
        leases.prolonged(file, client, runtime.clock.now());
    for (const EndedLease& ended : effects.leases_ended)
        fences.lease_ended(ended);
    for (const FileId file : effects.fenced)
        fences.begin(file);
    for (const ChunkId chunk : effects.comparing)
        comparisons.begin(chunk);
    for (const ChunkId chunk : effects.marked)
        digests.marked(chunk);
    for (const ReplicaAt& replica : effects.left) {
        joins.offer(replica.chunk, replica.cs);
        recovery.look_at(replica.chunk);
    }
    for (const CsId cs : effects.servers_changed) {
        if (catalogue().server(cs) == nullptr) {
            servers.forget(cs);
            queue_depths.forget(cs);
            deletions.forget(cs);
        }
    }
    if (!effects.storage_changed.empty() || !effects.servers_changed.empty())
        recovery.look_at_all();
    for (const ReplicaAt& replica : effects.to_delete)
        deletions.add(replica.cs, replica.chunk);
}

}  // namespace cairn::meta
