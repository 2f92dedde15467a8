// Who has a file open, and what still has to be confirmed before anybody else may. The catalogue
// keeps one FileLease for each file that has holders or a fence; when a lease was last refreshed is
// the master's knowledge alone.
#pragma once

#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "wire/log_leases.h"
#include "wire/meta_types.h"

namespace cairn::meta {

struct LeaseHolder {
    ClientId client;
    InstanceId instance;
    Duration timeout;

    bool operator==(const LeaseHolder&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(client, instance, timeout);
    }
};

// An ended lease that chunk servers have yet to confirm: the file's epoch is the one they confirm.
struct Fence {
    logged::LeaseEnd reason = logged::LeaseEnd::expired;  // of the last end that it stands for
    // The longest timeout among the ended leases: what a silent server that left holds the next
    // grant back for, where the end was not an expiry.
    Duration timeout;

    bool operator==(const Fence&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(reason, timeout);
    }
};

struct FileLease {
    LeaseMode mode = LeaseMode::none;
    std::vector<LeaseHolder> holders;  // ascending by client; one, if the mode is exclusive
    std::optional<Fence> fence;
    // Chunk servers with pieces that left while a lease or a fence stood, ascending: they were in
    // maps given under it.
    std::vector<CsId> left;

    bool operator==(const FileLease&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(mode, holders, fence, left);
    }
    [[nodiscard]] const LeaseHolder* holder(ClientId client) const {
        for (const LeaseHolder& held : holders)
            if (held.client == client)
                return &held;
        return nullptr;
    }
    [[nodiscard]] bool held_by(ClientId client, InstanceId instance) const {
        const LeaseHolder* held = holder(client);
        return held != nullptr && held->instance == instance;
    }
};

constexpr Duration lease_timeout_default = seconds(60);
constexpr Duration lease_timeout_most = seconds(3600);

}  // namespace cairn::meta
