// Truncation logs the size and where zeros begin: readers obey at once, and the next writer punches
// before it extends. Whole chunks beyond the end are removed.
#include <algorithm>
#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

Result<void> check_lease(const Change& change, const logged::Truncate& operation) {
    const FileLease* lease = change.catalogue.lease(operation.file);
    if (lease == nullptr)
        return {};
    if (lease->mode == LeaseMode::exclusive && lease->held_by(operation.client, operation.instance))
        return {};
    if (lease->mode != LeaseMode::none)
        return Error(
            Code::busy,
            fmt::format("held by {}", change.catalogue.client_text(lease->holders.front().client)));
    // What the ended lease's holder still has in flight must not land in what is kept.
    return Error(Code::retry, change.catalogue.path_of(operation.file) +
                                  ": chunk servers have yet to confirm the end of its last lease");
}

}  // namespace

Answer apply(Change& change, const logged::Truncate& operation) {
    const Result<const Node*> found = change.find_file(operation.file);
    if (!found)
        return found.error();
    if (operation.size > file_size_most)
        return Error(Code::too_large, "a file is at most 4 EiB long");
    if (const Result<void> allowed = check_lease(change, operation); !allowed)
        return allowed.error();

    Node& node = change.edit_node(operation.file);
    const uint64_t chunk_size = node.storage.chunk_size;
    // The holder may have written beyond the size that is logged, so that even a size above that
    // one may cut something off.
    const uint64_t first_removed = (operation.size + chunk_size - 1) / chunk_size;
    for (auto entry = node.chunks.next(first_removed); entry.value != nullptr;
         entry = node.chunks.next(first_removed))
        change.remove_chunk(*entry.value);
    node.zero_from = std::min(node.zero_from, operation.size);
    // Where no chunk is left from there on, there is nothing that would have to be hidden.
    if (node.chunks.next(node.zero_from / chunk_size).value == nullptr)
        node.zero_from = UINT64_MAX;
    change.set_size(node, operation.size);
    node.modified = node.changed = change.now;
    return Answer::of(logged::NodeAnswer{*change.catalogue.attributes(operation.file)});
}

}  // namespace cairn::meta
