#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

bool is_at_or_below(const Catalogue& catalogue, FileId file, FileId directory) {
    for (FileId at = file;; at = catalogue.node(at)->parent) {
        if (at == directory)
            return true;
        if (at == root_file)
            return false;
    }
}

// Whether `moved` may take the place of `replaced`, as POSIX has it.
Result<void> check_replacing(const Catalogue& catalogue, FileId moved, FileId replaced) {
    const Node& from = *catalogue.node(moved);
    const Node& to = *catalogue.node(replaced);
    if (from.is_directory() && !to.is_directory())
        return Error(Code::not_a_directory, catalogue.path_of(replaced) + " is not a directory");
    if (!from.is_directory() && to.is_directory())
        return Error(Code::is_a_directory, catalogue.path_of(replaced) + " is a directory");
    if (to.is_directory() && !to.entries->empty())
        return Error(Code::not_empty, catalogue.path_of(replaced) + " is not empty");
    return {};
}

}  // namespace

Answer apply(Change& change, const logged::RenameNode& operation) {
    const Catalogue& catalogue = change.catalogue;
    const Result<const Node*> from = change.find_directory(operation.from_parent);
    if (!from)
        return from.error();
    const Result<const Node*> to = change.find_directory(operation.to_parent);
    if (!to)
        return to.error();
    if (const Result<void> name = check_name(operation.to_name); !name)
        return name.error();
    const auto entry = (*from)->entries->find(operation.from_name);
    if (entry == (*from)->entries->end())
        return Error(Code::not_found, fmt::format("'{}' does not exist in {}", operation.from_name,
                                                  catalogue.path_of(operation.from_parent)));
    const FileId moved = entry->second;
    if (catalogue.node(moved)->is_directory() &&
        is_at_or_below(catalogue, operation.to_parent, moved))
        return Error(Code::invalid_argument,
                     catalogue.path_of(moved) + " cannot be moved into itself");
    const auto target = (*to)->entries->find(operation.to_name);
    if (target != (*to)->entries->end()) {
        const FileId replaced = target->second;
        if (operation.no_replace)
            return Error(Code::already_exists, catalogue.path_of(replaced) + " exists already");
        if (replaced == moved)
            return {};
        if (const Result<void> allowed = check_replacing(catalogue, moved, replaced); !allowed)
            return allowed.error();
        change.edit_node(replaced).link_count = 0;
        change.unlink(replaced);
        change.free_if_unused(replaced);
    }
    change.unlink(moved);
    change.link(operation.to_parent, operation.to_name, moved);
    return {};
}

}  // namespace cairn::meta
