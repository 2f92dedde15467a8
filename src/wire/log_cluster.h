// Operations of the log on servers, settings and events.
#pragma once

#include <string>
#include <vector>

#include "wire/log_entry.h"
#include "wire/meta_types.h"

namespace cairn {

enum class CsLoggedState : uint8_t {
    known = 1,    // whether it answers now is the master's knowledge, not the log's
    offline = 2,  // silent for longer than mds.wd.offline_tout: its replicas are lost for repair
    dropped = 3,  // removed by force: it never comes back, and what is left there is lost
};

enum class EventSystem : uint8_t { mds = 1, journal = 2, monitor = 3 };
enum class EventSeverity : uint8_t { info = 1, warning = 2, error = 3 };

}  // namespace cairn

namespace cairn::logged {

// Made again for the same host and repository, before it ever started, it is the same one.
struct AddCs {
    static constexpr LogKind kind = LogKind::add_cs;
    HostId host;
    std::string host_name;
    std::string repository;
    uint8_t tier = 0;

    template <class A>
    void fields(A& archive) {
        archive(host, host_name, repository, tier);
    }
};
struct AddCsAnswer {
    CsId cs;

    template <class A>
    void fields(A& archive) {
        archive(cs);
    }
};

// A start of a chunk server, and what it means for the replicas that it held.
struct CsStarted {
    static constexpr LogKind kind = LogKind::cs_started;
    CsId cs;
    HostId host;
    std::string host_name;
    Address address;
    std::string repository;
    uint8_t tier = 0;
    uint64_t integrity_sequence = 0;
    uint64_t sync_epoch = 0;
    uint64_t start_mark = 0;      // drawn at each start
    std::vector<CsId> answering;  // chunk servers that answer now
    // The start that was accepted last when this one was judged: it knows that one.
    uint64_t known_mark = 0;

    template <class A>
    void fields(A& archive) {
        archive(cs, host, host_name, address, repository, tier, integrity_sequence, sync_epoch,
                start_mark, answering, known_mark);
    }
};

struct SetCsState {
    static constexpr LogKind kind = LogKind::set_cs_state;
    CsId cs;
    CsLoggedState state = CsLoggedState::known;

    template <class A>
    void fields(A& archive) {
        archive(cs, state);
    }
};

// The replicas of an offline chunk server leave as lost, at most `limit` chunks from `from` on, so
// that no entry takes long to apply.
struct LoseCsReplicas {
    static constexpr LogKind kind = LogKind::lose_cs_replicas;
    CsId cs;
    ChunkId from;
    uint32_t limit = 0;
    std::vector<CsId> answering;

    template <class A>
    void fields(A& archive) {
        archive(cs, from, limit, answering);
    }
};
struct LoseCsReplicasAnswer {
    ChunkId next;  // none: that was all
    uint32_t left = 0;
    uint32_t kept = 0;  // the last of their sets

    template <class A>
    void fields(A& archive) {
        archive(next, left, kept);
    }
};

// A server that is drained gets no replicas any more, and those that it has are made on others.
// False: it stays after all.
struct DrainCs {
    static constexpr LogKind kind = LogKind::drain_cs;
    CsId cs;
    bool draining = true;

    template <class A>
    void fields(A& archive) {
        archive(cs, draining);
    }
};

// Of a server that is drained or dropped, once it holds no replica of any chunk.
struct RemoveCs {
    static constexpr LogKind kind = LogKind::remove_cs;
    CsId cs;

    template <class A>
    void fields(A& archive) {
        archive(cs);
    }
};

struct SetConfig {
    static constexpr LogKind kind = LogKind::set_config;
    std::string name;
    std::string value;
    std::string by;  // address of whoever asked, for the event

    template <class A>
    void fields(A& archive) {
        archive(name, value, by);
    }
};

struct AddEvent {
    static constexpr LogKind kind = LogKind::add_event;
    EventSystem system = EventSystem::mds;
    EventSeverity severity = EventSeverity::info;
    std::string text;

    template <class A>
    void fields(A& archive) {
        archive(system, severity, text);
    }
};

struct AddMds {
    static constexpr LogKind kind = LogKind::add_mds;
    Address address;  // towards metadata servers
    bool voter = false;

    template <class A>
    void fields(A& archive) {
        archive(address, voter);
    }
};
struct AddMdsAnswer {
    MdsId mds;

    template <class A>
    void fields(A& archive) {
        archive(mds);
    }
};

struct ChangeMds {
    static constexpr LogKind kind = LogKind::change_mds;
    MdsId mds;
    Address address;
    bool voter = true;

    template <class A>
    void fields(A& archive) {
        archive(mds, address, voter);
    }
};

struct RemoveMds {
    static constexpr LogKind kind = LogKind::remove_mds;
    MdsId mds;

    template <class A>
    void fields(A& archive) {
        archive(mds);
    }
};

// All metadata servers have new addresses, agreed on by starting with them. Changes nothing unless
// each has one that it is known to have had: a plan that was overtaken by another move is void.
struct MovedMds {
    MdsId mds;
    Address address;
    std::vector<Address> known;

    bool operator==(const MovedMds&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(mds, address, known);
    }
};
struct MoveMds {
    static constexpr LogKind kind = LogKind::move_mds;
    std::vector<MovedMds> servers;

    template <class A>
    void fields(A& archive) {
        archive(servers);
    }
};

// Only upwards, and only to a level that every server understands.
struct SetFeatureLevel {
    static constexpr LogKind kind = LogKind::set_feature_level;
    uint16_t level = 0;

    template <class A>
    void fields(A& archive) {
        archive(level);
    }
};

}  // namespace cairn::logged
