#include <algorithm>
#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::SetFileSize& operation) {
    const Result<void> writer =
        change.check_writer(operation.file, operation.client, operation.instance, operation.epoch);
    if (!writer)
        return writer.error();
    if (operation.size > file_size_most)
        return Error(Code::too_large, "a file is at most 4 EiB long");
    const Node& now = *change.catalogue.node(operation.file);
    const bool extends = operation.size > now.size && operation.size > now.zero_from;
    if (extends && !operation.punched)
        return Error(Code::invalid_argument,
                     fmt::format("{} was truncated: what lies beyond {} is to be punched before it "
                                 "is extended",
                                 change.catalogue.path_of(operation.file), now.zero_from));
    Node& node = change.edit_node(operation.file);
    if (operation.punched)
        node.zero_from = UINT64_MAX;
    change.set_size(node, std::max(node.size, operation.size));
    node.modified = std::max(node.modified, operation.modified);
    node.changed = change.now;
    return Answer::of(logged::NodeAnswer{*change.catalogue.attributes(operation.file)});
}

}  // namespace cairn::meta
