#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::CreateCluster& operation) {
    Tables& tables = change.tables;
    if (!tables.cluster.is_none())
        return Error(Code::already_exists, "the cluster exists already: " + tables.cluster_name);
    if (operation.cluster.is_none())
        return Error(Code::invalid_argument, "a cluster needs an id");
    tables.cluster = operation.cluster;
    tables.cluster_name = operation.name;
    tables.created = change.now;
    Node& root = change.edit_node(root_file);
    root.created = root.modified = root.changed = change.now;
    return {};
}

}  // namespace cairn::meta
