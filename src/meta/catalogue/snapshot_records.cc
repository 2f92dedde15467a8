// How each record of a snapshot enters the catalogue, and what must hold for it.
#include <algorithm>

#include "meta/catalogue/change.h"
#include "meta/catalogue/snapshot_reader.h"

namespace cairn::meta {

bool SnapshotReader::add(const HeadRecord& head) {
    if (records_ != 0)
        return false;
    tables_.cluster = head.cluster;
    tables_.cluster_name = head.cluster_name;
    tables_.created = head.created;
    tables_.applied = head.applied;
    tables_.feature_level = head.feature_level;
    tables_.counters = head.counters;
    last_event_ = head.last_event;
    for (const auto& [name, value] : head.settings)
        if (!tables_.settings.set(name, value))
            return false;
    return head.feature_level <= feature_level_newest;
}

bool SnapshotReader::add(CsImage image) {
    const bool valid = image.key < tables_.counters.next_cs && image.value.tier <= tier_highest &&
                       image.value.state >= CsLoggedState::known &&
                       image.value.state <= CsLoggedState::dropped;
    return valid && tables_.servers.emplace(image.key, std::move(image.value)).second;
}

bool SnapshotReader::add(const MdsImage& image) {
    return image.key < tables_.counters.next_mds &&
           tables_.metadata_servers.emplace(image.key, image.value).second;
}

bool SnapshotReader::add(ClientImage image) {
    if (image.client >= tables_.counters.next_client ||
        image.record.former.size() > ClientRecord::former_max)
        return false;
    image.record.session.forget_below(image.answered_below);
    return tables_.clients.emplace(image.client, std::move(image.record)).second;
}

bool SnapshotReader::add(AnswerImage image) {
    const auto client = tables_.clients.find(image.client);
    if (client == tables_.clients.end())
        return false;
    SessionAnswers& session = client->second.session;
    if (session.was_received(image.sequence) || session.find(image.sequence) != nullptr ||
        session.full())
        return false;
    session.keep(image.sequence, std::move(image.answer));
    return true;
}

bool SnapshotReader::add(Event event) {
    events_.push_back(std::move(event));
    return events_.size() <= EventLog::events_max;
}

bool SnapshotReader::add(LeaseImage image) {
    FileLease& lease = image.value;
    const bool valid =
        lease.mode <= LeaseMode::exclusive &&
        (lease.mode == LeaseMode::none) == lease.holders.empty() &&
        (lease.mode != LeaseMode::none || lease.fence.has_value()) &&
        std::ranges::is_sorted(lease.holders, std::ranges::less_equal{}, &LeaseHolder::client) &&
        std::ranges::is_sorted(lease.left, std::ranges::less_equal{});
    if (!valid)
        return false;
    for (const LeaseHolder& holder : lease.holders) {
        if (!tables_.clients.contains(holder.client))
            return false;
        tables_.leased[holder.client].insert(image.key.number);
    }
    return tables_.leases.emplace(image.key, std::move(lease)).second;
}

bool SnapshotReader::add(ComparisonImage image) {
    if (!std::ranges::is_sorted(image.stand_ins, std::ranges::less_equal{},
                                &std::pair<uint32_t, CsId>::first))
        return false;
    return tables_.comparisons
        .emplace(image.chunk, Comparison{image.source, std::move(image.stand_ins)})
        .second;
}

bool SnapshotReader::add(NodeImage image) {
    const bool is_root = image.file == root_file;
    const bool valid = image.file.number > last_key_ && image.file < tables_.counters.next_file &&
                       is_root == (last_key_ == 0) && check_storage(image.storage).has_value() &&
                       image.kind >= NodeKind::file && image.kind <= NodeKind::symlink &&
                       (!is_root || image.kind == NodeKind::directory) &&
                       (image.kind == NodeKind::symlink) == !image.symlink_target.empty() &&
                       image.parent.is_none() == image.name.empty() &&
                       (!is_root || image.parent.is_none());
    if (!valid)
        return false;
    last_key_ = image.file.number;
    if (!is_root)
        tables_.nodes.insert(image.file.number, std::make_unique<Node>());
    Node& node = **tables_.nodes.find(image.file.number);
    node.parent = image.parent;
    node.kind = image.kind;
    node.size = image.size;
    node.zero_from = image.zero_from;
    node.created = image.created;
    node.modified = image.modified;
    node.changed = image.changed;
    node.epoch = image.epoch;
    node.storage = image.storage;
    node.mode = image.mode;
    node.uid = image.uid;
    node.gid = image.gid;
    node.link_count = image.link_count;
    if (node.is_directory() && !node.entries)
        node.entries = std::make_unique<DirectoryEntries>();
    if (node.kind == NodeKind::symlink)
        node.symlink_target = std::make_unique<std::string>(std::move(image.symlink_target));
    if (node.is_file()) {
        tables_.totals.files++;
        tables_.totals.file_bytes += node.size;
    }
    if (image.parent.is_none())
        return is_root || node.is_file();
    // A node can be older than the directory that it was moved to.
    if (tables_.nodes.contains(image.parent.number))
        return link(image.file, node, image.name);
    unlinked_.push_back({image.file, std::move(image.name)});
    return true;
}

bool SnapshotReader::link(FileId file, Node& node, const std::string& name) {
    auto* parent = tables_.nodes.find(node.parent.number);
    if (parent == nullptr || !(*parent)->is_directory() || !check_name(name))
        return false;
    const auto [entry, made] = (*parent)->entries->emplace(name, file);
    node.name = &entry->first;
    return made;
}

bool SnapshotReader::add(const ChunkImage& image) {
    auto* file = tables_.nodes.find(image.file.number);
    const bool valid = image.chunk.number > last_key_ &&
                       image.chunk < tables_.counters.chunk_limit && file != nullptr &&
                       (*file)->is_file() && !image.version.is_none() && !image.pieces.empty() &&
                       image.pieces.size() <= replicas_most + 1U &&
                       image.index <= file_size_most / (*file)->storage.chunk_size &&
                       !(*file)->chunks.contains(image.index);
    if (!valid)
        return false;
    last_key_ = image.chunk.number;
    const bool comparing = tables_.comparisons.contains(image.chunk);
    Chunk chunk;
    chunk.file = image.file;
    chunk.index = image.index;
    chunk.version = image.version;
    chunk.marked = image.marked;
    for (const PieceImage& piece : image.pieces) {
        const auto server = tables_.servers.find(piece.cs);
        const bool known_state =
            piece.state == PieceState::in_sync || piece.state == PieceState::joining;
        if (server == tables_.servers.end() || !known_state || piece.since > image.version ||
            (piece.suspect && !comparing) || !server->second.chunks.insert(image.chunk.number))
            return false;
        chunk.pieces.add(ChunkPiece{piece.cs, piece.since, piece.state, piece.suspect});
        if (piece.state == PieceState::joining)
            tables_.joiners.emplace(image.chunk, piece.cs);
    }
    if (chunk.in_sync_count() == 0)
        return false;
    if ((*file)->chunks.empty())
        tables_.totals.files_with_chunks++;
    (*file)->chunks.insert(image.index, image.chunk);
    tables_.totals.replicas += chunk.pieces.size();
    if (chunk.marked)
        tables_.marks.emplace(image.file, image.chunk);
    tables_.chunks.insert(image.chunk.number, std::move(chunk));
    return true;
}

bool SnapshotReader::add(const EndRecord& end) {
    return records_ == 0 && end.nodes == tables_.nodes.size() &&
           end.chunks == tables_.chunks.size();
}

// Every named node hangs under the root, directly or not.
bool SnapshotReader::links_hold() {
    for (const UnlinkedNode& late : unlinked_)
        if (!link(late.file, **tables_.nodes.find(late.file.number), late.name))
            return false;
    size_t reached = 0;
    size_t open_only = 0;
    std::vector<const Node*> to_visit{catalogue_->node(root_file)};
    while (!to_visit.empty()) {
        const Node* node = to_visit.back();
        to_visit.pop_back();
        reached++;
        if (node->is_directory())
            for (const auto& [name, child] : *node->entries)
                to_visit.push_back(catalogue_->node(child));
    }
    tables_.nodes.for_each([&](uint64_t file, const std::unique_ptr<Node>& node) {
        if (node->name == nullptr && FileId(file) != root_file)
            open_only++;
    });
    return reached + open_only == tables_.nodes.size();
}

bool SnapshotReader::leases_hold() const {
    for (const auto& [file, lease] : tables_.leases) {
        const Node* node = catalogue_->node(file);
        if (node == nullptr || !node->is_file())
            return false;
    }
    bool held = true;
    tables_.nodes.for_each([&](uint64_t file, const std::unique_ptr<Node>& node) {
        if (node->name != nullptr || FileId(file) == root_file)
            return;
        const FileLease* lease = catalogue_->lease(FileId(file));
        held = held && lease != nullptr && lease->mode != LeaseMode::none;
    });
    return held;
}

bool SnapshotReader::comparisons_hold() const {
    for (const auto& [id, comparison] : tables_.comparisons) {
        const Chunk* chunk = catalogue_->chunk(id);
        if (chunk == nullptr)
            return false;
        const auto in_sync = [chunk](CsId cs) {
            const ChunkPiece* piece = chunk->pieces.find(cs);
            return piece != nullptr && piece->in_sync();
        };
        if (!comparison.source.is_none() && !in_sync(comparison.source))
            return false;
        for (const auto& [block, cs] : comparison.stand_ins)
            if (!in_sync(cs))
                return false;
    }
    return true;
}

}  // namespace cairn::meta
