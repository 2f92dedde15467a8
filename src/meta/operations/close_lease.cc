// A clean close: marks go off, and nothing has to be fenced.
#include <algorithm>
#include <fmt/core.h>
#include <vector>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

// Flushed with nothing in flight; a comparison that runs keeps its mark to its end.
void unmark_all(Change& change, FileId file) {
    std::vector<ChunkId> flushed;
    const auto& marks = change.tables.marks;
    for (auto mark = marks.lower_bound({file, ChunkId{}});
         mark != marks.end() && mark->first == file; ++mark)
        if (!change.tables.comparisons.contains(mark->second))
            flushed.push_back(mark->second);
    for (const ChunkId chunk : flushed)
        change.set_mark(chunk, false);
}

}  // namespace

Answer apply(Change& change, const logged::CloseLease& operation) {
    const Result<const Node*> found = change.find_file(operation.file);
    if (!found)
        return found.error();
    const FileLease* lease = change.catalogue.lease(operation.file);
    const bool held = lease != nullptr && lease->held_by(operation.client, operation.instance) &&
                      (lease->mode == LeaseMode::shared || (*found)->epoch == operation.epoch);
    if (!held)
        return Error(Code::lease_lost,
                     fmt::format("{} holds no lease on {} under epoch {}",
                                 change.catalogue.client_text(operation.client),
                                 change.catalogue.path_of(operation.file), operation.epoch.number));
    if (lease->mode == LeaseMode::exclusive) {
        Node& node = change.edit_node(operation.file);
        // Beyond where zeros begin, nothing can have been written unless it was punched before,
        // and then the size was set with that.
        const bool hidden = operation.size > node.size && operation.size > node.zero_from;
        if (operation.wrote && !hidden && operation.size <= file_size_most)
            change.set_size(node, std::max(node.size, operation.size));
        if (operation.wrote)
            node.modified = std::max(node.modified, operation.modified);
        unmark_all(change, operation.file);
    }
    change.remove_holder(operation.file, operation.client);
    change.drop_lease_if_idle(operation.file);
    change.free_if_unused(operation.file);
    return {};
}

}  // namespace cairn::meta
