#include "meta/master/fences.h"

#include <algorithm>
#include <iterator>

#include "meta/master/master.h"
#include "wire/log_chunks.h"
#include "wire/log_leases.h"

namespace cairn::meta {

void Fences::begin(FileId file) {
    if (running_.insert(file).second)
        master_.scope.spawn(run(file));
}

void Fences::lease_ended(const EndedLease& ended) {
    const FileLease* lease = master_.catalogue().lease(ended.file);
    const Duration timeout =
        lease != nullptr && lease->fence ? lease->fence->timeout : lease_timeout_default;
    Instant& until = hold_until_[ended.file];
    // A lease that ran out by our clock has run out by its holder's, too.
    if (ended.reason == logged::LeaseEnd::expired)
        until = std::max(until, master_.runtime.loop.now());
    else
        until = std::max(until, master_.leases.runs_out(ended.file, ended.client, timeout));
    master_.leases.ended(ended.file, ended.client);
}

// A master that did not see the lease end counts it in full from its own election.
Instant Fences::held_until(FileId file) const {
    const auto seen = hold_until_.find(file);
    if (seen != hold_until_.end())
        return seen->second;
    const FileLease* lease = master_.catalogue().lease(file);
    const Duration timeout =
        lease != nullptr && lease->fence ? lease->fence->timeout : lease_timeout_default;
    return master_.leases.elected() + with_clock_drift(timeout);
}

Task<void> Fences::ask_one(FileId file, LeaseEpoch epoch, CsId cs, std::set<CsId>& confirmed) {
    FenceFilesOrder order;
    order.files = {{file, epoch}};
    Result<Buffer> answer =
        co_await master_.orders.send(cs, Method::fence_files, order, seconds(3));
    if (answer)
        confirmed.insert(cs);
}

Task<bool> Fences::ask(FileId file, LeaseEpoch epoch, std::set<CsId>& confirmed) {
    const Catalogue::FenceTargets targets = master_.catalogue().fence_targets(file);
    {
        Scope asking(master_.runtime.loop);
        for (const std::vector<CsId>* list : {&targets.holding, &targets.left}) {
            for (const CsId cs : *list) {
                if (!confirmed.contains(cs))
                    asking.spawn(ask_one(file, epoch, cs, confirmed));
            }
        }
        co_await asking.join();
    }
    std::vector<CsId> silent;
    std::ranges::copy_if(targets.holding, std::back_inserter(silent),
                         [&confirmed](CsId cs) { return !confirmed.contains(cs); });
    bool complete = silent.empty();
    for (const CsId cs : silent)
        co_await let_leave(file, cs, silent);
    const bool clock_ran_out = master_.runtime.clock.now() >= held_until(file) ||
                               !master_.options.rules.wait_for_silent_leavers;
    for (const CsId cs : targets.left) {
        if (!confirmed.contains(cs) && !clock_ran_out)
            complete = false;
    }
    co_return complete;
}

Task<void> Fences::let_leave(FileId file, CsId cs, const std::vector<CsId>& silent) {
    const Node* node = master_.catalogue().node(file);
    if (node == nullptr)
        co_return;
    logged::LeaveReplicas leave;
    node->chunks.for_each([&](uint64_t, ChunkId id) {
        const Chunk* chunk = master_.catalogue().chunk(id);
        if (chunk != nullptr && chunk->pieces.find(cs) != nullptr)
            leave.replicas.push_back({id, chunk->version, cs});
    });
    // What may not leave stays, and the opener waits for it.
    if (!leave.replicas.empty())
        static_cast<void>(co_await master_.leaving.propose(std::move(leave), silent));
}

Task<void> Fences::run(FileId file) {
    std::set<CsId> confirmed;
    LeaseEpoch confirmed_epoch;
    Duration pause = milliseconds(20);
    while (!master_.stopping()) {
        const FileLease* lease = master_.catalogue().lease(file);
        const Node* node = master_.catalogue().node(file);
        if (lease == nullptr || node == nullptr || !lease->fence)
            break;
        const LeaseEpoch epoch = node->epoch;
        if (epoch != confirmed_epoch)
            confirmed.clear();
        confirmed_epoch = epoch;
        const bool complete = co_await ask(file, epoch, confirmed);
        if (complete) {
            logged::FenceDone done;
            done.files = {{file, epoch}};
            Result<void> logged = co_await master_.log(std::move(done));
            if (!logged && logged.code() == Code::not_master)
                break;
            if (logged)
                continue;
        }
        const bool stop = co_await master_.pause(pause);
        if (stop)
            break;
        pause = std::min(pause * 2, milliseconds(500));
    }
    running_.erase(file);
    const FileLease* after = master_.catalogue().lease(file);
    if (after == nullptr || !after->fence)
        hold_until_.erase(file);
}

}  // namespace cairn::meta
