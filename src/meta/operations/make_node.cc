#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

Result<void> check_kind(const logged::MakeNode& operation) {
    switch (operation.node_kind) {
        case NodeKind::file:
        case NodeKind::directory: return {};
        case NodeKind::symlink:
            if (operation.symlink_target.empty() ||
                operation.symlink_target.size() >= path_bytes_max)
                return Error(Code::invalid_argument,
                             "a symbolic link needs a target that is a path");
            return {};
    }
    return Error(Code::invalid_argument, "a node is a file, a directory or a symbolic link");
}

}  // namespace

Answer apply(Change& change, const logged::MakeNode& operation) {
    const Result<const Node*> parent = change.find_directory(operation.parent);
    if (!parent)
        return parent.error();
    if (const Result<void> name = check_name(operation.name); !name)
        return name.error();
    if (const Result<void> kind = check_kind(operation); !kind)
        return kind.error();
    StorageAttributes storage = (*parent)->storage;
    storage.chunk_size = operation.chunk_size.value_or(storage.chunk_size);
    if (const Result<void> valid = check_storage(storage); !valid)
        return valid.error();
    if ((*parent)->entries->contains(operation.name))
        return Error(Code::already_exists, fmt::format("'{}' exists already in {}", operation.name,
                                                       change.catalogue.path_of(operation.parent)));

    FileId& next = change.tables.counters.next_file;
    const FileId file = next;
    next = next.next();
    Node& node = change.add_node(file, operation.node_kind, **parent);
    node.storage = storage;
    node.mode = operation.mode & 07777;
    node.uid = operation.uid;
    node.gid = operation.gid;
    if (operation.node_kind == NodeKind::symlink) {
        node.symlink_target = std::make_unique<std::string>(operation.symlink_target);
        node.size = operation.symlink_target.size();
    }
    change.link(operation.parent, operation.name, file);
    return Answer::of(logged::NodeAnswer{*change.catalogue.attributes(file)});
}

}  // namespace cairn::meta
