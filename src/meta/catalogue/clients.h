// Clients and what their sessions were answered, so that a request that comes again over a change
// of master gets its own answer and is not done twice.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "wire/log_entry.h"

namespace cairn::meta {

// The answers of one instance of a client that it may still ask for again.
class SessionAnswers {
  public:
    // Drops what the client says it received.
    void forget_below(uint64_t answered_below);
    [[nodiscard]] const Answer* find(uint64_t sequence) const;
    // Whether the client said that it has this answer: a late copy of the request does nothing.
    [[nodiscard]] bool was_received(uint64_t sequence) const { return sequence < below_; }
    [[nodiscard]] bool full() const { return answers_.size() >= answers_max; }
    void keep(uint64_t sequence, Answer answer);

    [[nodiscard]] uint64_t below() const { return below_; }
    [[nodiscard]] const std::map<uint64_t, Answer>& answers() const { return answers_; }

    // What a client may have unreceived; beyond it, it is told to wait.
    static constexpr size_t answers_max = 256;

  private:
    uint64_t below_ = 0;
    std::map<uint64_t, Answer> answers_;  // all at or above below_
};

struct ClientRecord {
    HostId host;
    std::string host_name;
    std::string name;  // mount point or export
    InstanceId instance;
    // The last instances before this one: a late registration of theirs takes nothing over.
    std::vector<InstanceId> former;
    SessionAnswers session;

    static constexpr size_t former_max = 8;

    template <class A>
    void fields(A& archive) {
        archive(host, host_name, name, instance, former);
    }
};

}  // namespace cairn::meta
