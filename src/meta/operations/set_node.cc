#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::SetNode& operation) {
    const Result<const Node*> found = change.find_node(operation.file);
    if (!found)
        return found.error();
    Node& node = change.edit_node(operation.file);
    if (operation.mode)
        node.mode = *operation.mode & 07777;
    node.uid = operation.uid.value_or(node.uid);
    node.gid = operation.gid.value_or(node.gid);
    node.modified = operation.modified.value_or(node.modified);
    node.changed = change.now;
    return Answer::of(logged::NodeAnswer{*change.catalogue.attributes(operation.file)});
}

}  // namespace cairn::meta
