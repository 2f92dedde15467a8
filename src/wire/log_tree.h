// Operations of the log on the tree of names: encoded into LogEntry::operation. Each answer struct
// follows its operation; an operation without one answers only a code.
#pragma once

#include <optional>
#include <string>

#include "wire/log_entry.h"
#include "wire/meta_types.h"

namespace cairn::logged {

// The first entry of every log.
struct CreateCluster {
    static constexpr LogKind kind = LogKind::create_cluster;
    ClusterId cluster;
    std::string name;

    template <class A>
    void fields(A& archive) {
        archive(cluster, name);
    }
};

struct MakeNode {
    static constexpr LogKind kind = LogKind::make_node;
    FileId parent;
    std::string name;
    NodeKind node_kind = NodeKind::file;
    uint32_t mode = 0644;
    uint32_t uid = 0;
    uint32_t gid = 0;
    std::string symlink_target;
    std::optional<uint64_t> chunk_size;  // otherwise inherited

    template <class A>
    void fields(A& archive) {
        archive(parent, name, node_kind, mode, uid, gid, symlink_target, chunk_size);
    }
};
struct NodeAnswer {
    NodeAttributes node;

    template <class A>
    void fields(A& archive) {
        archive(node);
    }
};

struct RemoveNode {
    static constexpr LogKind kind = LogKind::remove_node;
    FileId parent;
    std::string name;
    bool directory = false;

    template <class A>
    void fields(A& archive) {
        archive(parent, name, directory);
    }
};

struct RenameNode {
    static constexpr LogKind kind = LogKind::rename_node;
    FileId from_parent;
    std::string from_name;
    FileId to_parent;
    std::string to_name;
    bool no_replace = false;

    template <class A>
    void fields(A& archive) {
        archive(from_parent, from_name, to_parent, to_name, no_replace);
    }
};

// Of storage; what is not given stays. A norm without a minimum sets the default minimum.
struct SetAttributes {
    static constexpr LogKind kind = LogKind::set_attributes;
    FileId file;
    bool recursive = false;
    std::optional<uint8_t> replicas_norm;
    std::optional<uint8_t> replicas_min;
    std::optional<FailureDomain> failure_domain;
    std::optional<uint8_t> tier;

    template <class A>
    void fields(A& archive) {
        archive(file, recursive, replicas_norm, replicas_min, failure_domain, tier);
    }
};
struct SetAttributesAnswer {
    uint64_t changed = 0;  // nodes

    template <class A>
    void fields(A& archive) {
        archive(changed);
    }
};

// Mode, owner, times; what is not given stays.
struct SetNode {
    static constexpr LogKind kind = LogKind::set_node;
    FileId file;
    std::optional<uint32_t> mode;
    std::optional<uint32_t> uid;
    std::optional<uint32_t> gid;
    std::optional<WallTime> modified;

    template <class A>
    void fields(A& archive) {
        archive(file, mode, uid, gid, modified);
    }
};

// Either way. The client holds the exclusive lease, or nobody holds any.
struct Truncate {
    static constexpr LogKind kind = LogKind::truncate;
    FileId file;
    ClientId client;
    InstanceId instance;
    uint64_t size = 0;

    template <class A>
    void fields(A& archive) {
        archive(file, client, instance, size);
    }
};

// Size and times as the holder of the exclusive lease knows them: the size only grows. `punched`
// says that everything from the file's `zero_from` to the end of its chunks was punched and
// flushed.
struct SetFileSize {
    static constexpr LogKind kind = LogKind::set_file_size;
    FileId file;
    ClientId client;
    InstanceId instance;
    LeaseEpoch epoch;
    uint64_t size = 0;
    bool punched = false;
    WallTime modified;

    template <class A>
    void fields(A& archive) {
        archive(file, client, instance, epoch, size, punched, modified);
    }
};

}  // namespace cairn::logged
