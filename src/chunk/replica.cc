#include "chunk/replica.h"

#include <fmt/core.h>

namespace cairn::chunk {

Result<void> Replica::check(const ChunkTag& tag, LeaseEpoch newest_epoch, Use use,
                            const ServiceRules& rules) const {
    if (state_ == ReplicaState::interrupted)
        return Error(Code::not_admitted,
                     "this replica was joining when it restarted: it joins anew");
    if (!admitted_ && rules.refuse_until_admitted)
        return Error(Code::not_admitted,
                     "this replica restarted unclean and waits for the master to readmit it");
    if (rules.refuse_older && tag.version < version_)
        return Error(Code::stale_map,
                     fmt::format("chunk {} is at version {}, the request at {}", chunk_.number,
                                 version_.number, tag.version.number));
    if (rules.refuse_older && tag.epoch < newest_epoch)
        return Error(Code::stale_map,
                     fmt::format("file {} is at lease epoch {}, the request at {}", file_.number,
                                 newest_epoch.number, tag.epoch.number));
    if (use == Use::read && state_ != ReplicaState::complete)
        return Error(Code::not_admitted, "this replica is joining and serves no reads yet");
    return {};
}

Result<void> Replica::check_source(Version version) const {
    if (version != version_)
        return Error(Code::stale_map, fmt::format("chunk {} is at version {}, the copy at {}",
                                                  chunk_.number, version_.number, version.number));
    if (state_ != ReplicaState::complete)
        return Error(Code::not_admitted, "a replica that joins is no source");
    return {};
}

bool Replica::copy_may_land(Version version, uint32_t block, const ServiceRules& rules) const {
    if (version != version_ && rules.refuse_older)
        return false;
    return !rules.guard_client_blocks || !written_.test(block);
}

bool Replica::told(Version version, const ServiceRules& rules) {
    if (version <= version_)
        return false;
    version_ = version;
    if (state_ == ReplicaState::complete && rules.remember_from_first_hearing)
        written_.clear();
    return true;
}

void Replica::sealed(Version version, const ServiceRules& rules) {
    told(version, rules);
    if (!rules.remember_from_first_hearing && state_ == ReplicaState::complete)
        written_.clear();
}

void Replica::begin_join(FileId file, Version version) {
    file_ = file;
    version_ = version;
    state_ = ReplicaState::joining;
    admitted_ = true;
    written_.clear();
}

}  // namespace cairn::chunk
