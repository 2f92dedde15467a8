#include "runtime/sim/tree_image.h"

#include <cerrno>

#include "base/check.h"
#include "runtime/sim/file_tree.h"

namespace cairn::sim {

TreeImage FileTree::image_of(const Node& node) {
    TreeImage image;
    image.is_directory = node.is_directory;
    image.content = node.file.live();
    for (const auto& [name, child] : node.entries)
        image.children.emplace(name, image_of(*child));
    return image;
}

NodeRef FileTree::node_of(const TreeImage& image) {
    NodeRef node = make_node(image.is_directory);
    node->file.load(image.content);
    for (const auto& [name, child_image] : image.children) {
        NodeRef child = node_of(child_image);
        child->names = 1;
        node->entries.emplace(name, child);
        node->stable_entries.emplace(name, std::move(child));
    }
    return node;
}

void FileTree::check_closed(const Node& node) {
    CHECK_NOTE(node.opens == 0, "a copy is brought back under an open file");
    for (const auto& [name, child] : node.entries)
        check_closed(*child);
}

uint64_t FileTree::pages_below(const Node& node) {
    uint64_t pages = node.file.live().pages();
    for (const auto& [name, child] : node.entries)
        pages += pages_below(*child);
    return pages;
}

Outcome<TreeImage> FileTree::save(const Path& path) const {
    const Outcome<NodeRef> node = find(path);
    if (!node)
        return std::unexpected(node.error());
    return image_of(**node);
}

int FileTree::restore(const Path& path, const TreeImage& image) {
    for (const NameChange& change : changes_)
        persist(change);
    changes_.clear();
    const NodeRef fresh = node_of(image);
    const Outcome<NodeRef> old = find(path);
    if (old) {
        check_closed(**old);
        used_pages_ -= pages_below(**old);
    }
    used_pages_ += pages_below(*fresh);
    fresh->names = 1;
    if (path.empty()) {
        CHECK_NOTE(image.is_directory, "a disk begins with a directory");
        forget_entries(*root_);
        root_ = fresh;
        return 0;
    }
    const Outcome<NodeRef> parent = find_parent(path);
    if (!parent)
        return parent.error();
    (*parent)->entries[path.back()] = fresh;
    (*parent)->stable_entries[path.back()] = fresh;
    return 0;
}

}  // namespace cairn::sim
