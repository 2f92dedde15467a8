#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::RemoveNode& operation) {
    const Result<const Node*> parent = change.find_directory(operation.parent);
    if (!parent)
        return parent.error();
    const auto entry = (*parent)->entries->find(operation.name);
    if (entry == (*parent)->entries->end())
        return Error(Code::not_found, fmt::format("'{}' does not exist in {}", operation.name,
                                                  change.catalogue.path_of(operation.parent)));
    const FileId file = entry->second;
    const Node& node = *change.catalogue.node(file);
    if (node.is_directory() && !operation.directory)
        return Error(Code::is_a_directory, change.catalogue.path_of(file) + " is a directory");
    if (!node.is_directory() && operation.directory)
        return Error(Code::not_a_directory, change.catalogue.path_of(file) + " is not a directory");
    if (node.is_directory() && !node.entries->empty())
        return Error(Code::not_empty, change.catalogue.path_of(file) + " is not empty");
    change.edit_node(file).link_count = 0;
    change.unlink(file);
    change.free_if_unused(file);
    return {};
}

}  // namespace cairn::meta
