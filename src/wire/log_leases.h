// Operations of the log on clients and their leases.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "wire/log_entry.h"
#include "wire/meta_types.h"

namespace cairn::logged {

// A client of the same host and name takes over: the leases of its former instance end.
struct RegisterClient {
    static constexpr LogKind kind = LogKind::register_client;
    HostId host;
    std::string host_name;
    std::string name;
    InstanceId instance;

    template <class A>
    void fields(A& archive) {
        archive(host, host_name, name, instance);
    }
};
struct RegisterClientAnswer {
    ClientId client;

    template <class A>
    void fields(A& archive) {
        archive(client);
    }
};

// Leases that it still holds end as if they had expired.
struct UnregisterClient {
    static constexpr LogKind kind = LogKind::unregister_client;
    ClientId client;
    InstanceId instance;

    template <class A>
    void fields(A& archive) {
        archive(client, instance);
    }
};

struct GrantLease {
    static constexpr LogKind kind = LogKind::grant_lease;
    FileId file;
    ClientId client;
    InstanceId instance;
    LeaseMode mode = LeaseMode::shared;
    Duration timeout{0};  // 0: the cluster's

    template <class A>
    void fields(A& archive) {
        archive(file, client, instance, mode, timeout);
    }
};
struct GrantLeaseAnswer {
    LeaseEpoch epoch;
    Duration timeout;
    NodeAttributes node;

    template <class A>
    void fields(A& archive) {
        archive(epoch, timeout, node);
    }
};

// A clean close: everything is flushed and nothing is in flight.
struct CloseLease {
    static constexpr LogKind kind = LogKind::close_lease;
    FileId file;
    ClientId client;
    InstanceId instance;
    LeaseEpoch epoch;
    bool wrote = false;  // the following two are news
    uint64_t size = 0;
    WallTime modified;

    template <class A>
    void fields(A& archive) {
        archive(file, client, instance, epoch, wrote, size, modified);
    }
};

enum class LeaseEnd : uint8_t {
    expired = 1,
    revoked = 2,
    taken_over = 3,
    no_unsuspect_source = 4,
};

// Ends the named holders' leases, where the file's epoch is still `epoch`. The epoch is raised once
// a file, however many holders end.
struct EndLeases {
    static constexpr LogKind kind = LogKind::end_leases;
    struct EndedFile {
        FileId file;
        LeaseEpoch epoch;
        std::vector<std::pair<ClientId, InstanceId>> holders;

        template <class A>
        void fields(A& archive) {
            archive(file, epoch, holders);
        }
    };
    LeaseEnd reason = LeaseEnd::expired;
    std::vector<EndedFile> files;

    template <class A>
    void fields(A& archive) {
        archive(reason, files);
    }
};
struct EndLeasesAnswer {
    uint32_t leases_ended = 0;

    template <class A>
    void fields(A& archive) {
        archive(leases_ended);
    }
};

// Every chunk server that had to confirmed this epoch, or need not any more. An older epoch than
// the standing fence's changes nothing.
struct FenceDone {
    static constexpr LogKind kind = LogKind::fence_done;
    std::vector<std::pair<FileId, LeaseEpoch>> files;

    template <class A>
    void fields(A& archive) {
        archive(files);
    }
};
struct FenceDoneAnswer {
    uint32_t lifted = 0;

    template <class A>
    void fields(A& archive) {
        archive(lifted);
    }
};

}  // namespace cairn::logged
