#include "meta/catalogue/catalogue.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::meta {

Catalogue::Catalogue() {
    auto root = std::make_unique<Node>();
    root->kind = NodeKind::directory;
    root->mode = 0755;
    root->entries = std::make_unique<DirectoryEntries>();
    tables_.nodes.insert(root_file.number, std::move(root));
}

const Node* Catalogue::node(FileId file) const {
    const auto* found = tables_.nodes.find(file.number);
    return found == nullptr ? nullptr : found->get();
}

Result<NodeAttributes> Catalogue::attributes(FileId file) const {
    const Node* found = node(file);
    if (found == nullptr)
        return Error(Code::not_found, fmt::format("file {} does not exist", file.number));
    NodeAttributes attributes;
    attributes.file = file;
    attributes.kind = found->kind;
    attributes.size = found->size;
    attributes.zero_from = found->zero_from;
    attributes.mode = found->mode;
    attributes.uid = found->uid;
    attributes.gid = found->gid;
    attributes.link_count = found->link_count;
    attributes.created = found->created;
    attributes.modified = found->modified;
    attributes.changed = found->changed;
    attributes.storage = found->storage;
    attributes.chunk_count = found->chunks.size();
    return attributes;
}

Result<std::string> Catalogue::symlink_target(FileId file) const {
    const Node* found = node(file);
    if (found == nullptr)
        return Error(Code::not_found, fmt::format("file {} does not exist", file.number));
    if (!found->symlink_target)
        return Error(Code::invalid_argument, path_of(file) + " is not a symbolic link");
    return *found->symlink_target;
}

Result<ListDirectoryReply> Catalogue::list(FileId directory, std::string_view after,
                                           uint32_t limit) const {
    const Node* found = node(directory);
    if (found == nullptr)
        return Error(Code::not_found, fmt::format("directory {} does not exist", directory.number));
    if (!found->is_directory())
        return Error(Code::not_a_directory, path_of(directory) + " is not a directory");
    constexpr uint32_t limit_most = 10'000;
    ListDirectoryReply reply;
    for (auto entry = found->entries->upper_bound(after); entry != found->entries->end(); ++entry) {
        if (reply.entries.size() >= std::clamp(limit, 1U, limit_most)) {
            reply.more = true;
            break;
        }
        reply.entries.push_back({entry->first, *attributes(entry->second)});
    }
    return reply;
}

std::string Catalogue::path_of(FileId file) const {
    std::vector<const std::string*> names;
    FileId at = file;
    while (at != root_file) {
        const Node* found = node(at);
        if (found == nullptr || found->name == nullptr)
            return fmt::format("(removed file {})", file.number);
        names.push_back(found->name);
        at = found->parent;
    }
    std::string path;
    for (auto name = names.rbegin(); name != names.rend(); ++name)
        path.append("/").append(**name);
    return path.empty() ? "/" : path;
}

const FileLease* Catalogue::lease(FileId file) const {
    const auto found = tables_.leases.find(file);
    return found == tables_.leases.end() ? nullptr : &found->second;
}

std::vector<FileId> Catalogue::leases_of(ClientId client) const {
    std::vector<FileId> files;
    const auto leased = tables_.leased.find(client);
    if (leased == tables_.leased.end())
        return files;
    for (auto file = leased->second.next(0); file; file = leased->second.next(*file + 1))
        files.emplace_back(*file);
    return files;
}

std::vector<std::pair<FileId, LeaseEpoch>> Catalogue::fences() const {
    std::vector<std::pair<FileId, LeaseEpoch>> standing;
    for (const auto& [file, lease] : tables_.leases)
        if (lease.fence)
            standing.emplace_back(file, node(file)->epoch);
    return standing;
}

Catalogue::FenceTargets Catalogue::fence_targets(FileId file) const {
    FenceTargets targets;
    const Node* found = node(file);
    if (found == nullptr)
        return targets;
    std::set<CsId> holding;
    found->chunks.for_each([&](uint64_t, ChunkId id) {
        for (const ChunkPiece& piece : tables_.chunks.find(id.number)->pieces)
            holding.insert(piece.cs);
    });
    targets.holding.assign(holding.begin(), holding.end());
    if (const FileLease* lease_now = lease(file))
        for (const CsId cs : lease_now->left)
            if (!holding.contains(cs))
                targets.left.push_back(cs);
    return targets;
}

std::string Catalogue::client_text(ClientId client) const {
    const ClientRecord* record = this->client(client);
    if (record == nullptr)
        return fmt::format("client {}", client.number);
    return fmt::format("client {} at {} ({})", client.number, record->host_name, record->name);
}

const CsRecord* Catalogue::server(CsId cs) const {
    const auto found = tables_.servers.find(cs);
    return found == tables_.servers.end() ? nullptr : &found->second;
}

const ClientRecord* Catalogue::client(ClientId client) const {
    const auto found = tables_.clients.find(client);
    return found == tables_.clients.end() ? nullptr : &found->second;
}

void Catalogue::observe(ChangeObserver* observer) {
    observers_.push_back(observer);
}

void Catalogue::stop_observing(ChangeObserver* observer) {
    std::erase(observers_, observer);
}

}  // namespace cairn::meta
