// How an entry changes nodes.
#include <fmt/core.h>

#include "meta/catalogue/change.h"

namespace cairn::meta {

Result<void> check_name(std::string_view name) {
    if (name.empty() || name == "." || name == "..")
        return Error(Code::invalid_argument,
                     fmt::format("'{}' cannot be the name of a file", name));
    if (name.size() > name_bytes_max)
        return Error(Code::invalid_argument,
                     fmt::format("a name is at most {} bytes long", name_bytes_max));
    if (name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos)
        return Error(Code::invalid_argument, "a name holds neither '/' nor a zero byte");
    return {};
}

Result<void> check_storage(const StorageAttributes& storage) {
    if (storage.replicas_norm < 1 || storage.replicas_norm > replicas_most)
        return Error(Code::invalid_argument, fmt::format("replicas={}: from 1 to {}",
                                                         storage.replicas_norm, replicas_most));
    if (storage.replicas_min < 1 || storage.replicas_min > storage.replicas_norm)
        return Error(Code::invalid_argument,
                     fmt::format("replicas={}:{}: the minimum is from 1 to the normal number",
                                 storage.replicas_norm, storage.replicas_min));
    if (storage.failure_domain != FailureDomain::disk &&
        storage.failure_domain != FailureDomain::host)
        return Error(Code::invalid_argument, "failure-domain is disk or host");
    if (storage.tier > tier_highest)
        return Error(Code::invalid_argument,
                     fmt::format("tier={}: from 0 to {}", storage.tier, tier_highest));
    const uint64_t size = storage.chunk_size;
    if (size < chunk_size_least || size > chunk_size_most || (size & (size - 1)) != 0)
        return Error(Code::invalid_argument,
                     fmt::format("a chunk size of {} is not a power of two from {} to {}", size,
                                 chunk_size_least, chunk_size_most));
    return {};
}

Result<const Node*> Change::find_node(FileId file) const {
    const Node* found = catalogue.node(file);
    if (found == nullptr)
        return Error(Code::not_found, fmt::format("file {} does not exist", file.number));
    return found;
}

Result<const Node*> Change::find_directory(FileId file) const {
    Result<const Node*> found = find_node(file);
    if (found && !(*found)->is_directory())
        return Error(Code::not_a_directory, catalogue.path_of(file) + " is not a directory");
    return found;
}

Result<const Node*> Change::find_file(FileId file) const {
    Result<const Node*> found = find_node(file);
    if (!found || (*found)->is_file())
        return found;
    if ((*found)->is_directory())
        return Error(Code::is_a_directory, catalogue.path_of(file) + " is a directory");
    return Error(Code::invalid_argument, catalogue.path_of(file) + " is not a file");
}

void Change::tell_node(FileId file) {
    for (ChangeObserver* observer : catalogue.observers())
        observer->before_node(file);
}

Node& Change::edit_node(FileId file) {
    tell_node(file);
    auto* found = tables.nodes.find(file.number);
    CHECK_NOTE(found != nullptr, "a node that does not exist is changed");
    return **found;
}

Node& Change::add_node(FileId file, NodeKind kind, const Node& parent) {
    tell_node(file);
    auto made = std::make_unique<Node>();
    made->kind = kind;
    made->storage = parent.storage;
    made->created = made->modified = made->changed = now;
    if (kind == NodeKind::directory)
        made->entries = std::make_unique<DirectoryEntries>();
    if (kind == NodeKind::file)
        tables.totals.files++;
    return *tables.nodes.insert(file.number, std::move(made));
}

void Change::link(FileId parent, const std::string& name, FileId child) {
    Node& directory = edit_node(parent);
    const auto [entry, made] = directory.entries->emplace(name, child);
    CHECK_NOTE(made, "a name is taken twice");
    directory.modified = directory.changed = now;
    Node& node = edit_node(child);
    node.parent = parent;
    node.name = &entry->first;
    node.changed = now;
}

void Change::unlink(FileId child) {
    Node& node = edit_node(child);
    Node& directory = edit_node(node.parent);
    directory.entries->erase(*node.name);
    directory.modified = directory.changed = now;
    node.parent = {};
    node.name = nullptr;
    node.changed = now;
}

void Change::remove_node(FileId file) {
    Node& node = edit_node(file);
    if (node.is_file()) {
        set_size(node, 0);
        tables.totals.files--;
        effects.removed.push_back(file);
    }
    tables.nodes.erase(file.number);
}

void Change::free_if_unused(FileId file) {
    const Node& node = *catalogue.node(file);
    if (node.name != nullptr || file == root_file)
        return;
    const auto lease = tables.leases.find(file);
    if (lease != tables.leases.end() && lease->second.mode != LeaseMode::none)
        return;
    for (auto entry = node.chunks.next(0); entry.value != nullptr; entry = node.chunks.next(0))
        remove_chunk(*entry.value);
    // A fence guards the next grant, and there will be none.
    tables.leases.erase(file);
    remove_node(file);
}

void Change::set_size(Node& node, uint64_t size) {
    tables.totals.file_bytes += size - node.size;
    node.size = size;
}

}  // namespace cairn::meta
