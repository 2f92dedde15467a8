#include "runtime/sim/file_tree.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace cairn::sim {

namespace {

// After this long the file system has written its journal by itself.
constexpr Duration journal_interval = seconds(5);

}  // namespace

FileTree::Path split_path(const std::string& path) {
    FileTree::Path parts;
    size_t at = 0;
    while (at < path.size()) {
        const size_t slash = std::min(path.find('/', at), path.size());
        if (slash > at && path.compare(at, slash - at, ".") != 0)
            parts.push_back(path.substr(at, slash - at));
        at = slash + 1;
    }
    return parts;
}

FileTree::FileTree(Core& core, uint64_t capacity)
    : core_(core), capacity_(capacity), root_(make_node(true)) {
    root_->names = 1;
}

FileTree::~FileTree() {
    // What the kernel shows and what the medium holds may name each other in a circle.
    changes_.clear();
    forget_entries(*root_);
}

void FileTree::forget_entries(Node& node) {
    std::map<std::string, NodeRef> shown;
    std::map<std::string, NodeRef> stable;
    shown.swap(node.entries);
    stable.swap(node.stable_entries);
    for (const auto& [name, child] : shown)
        forget_entries(*child);
    for (const auto& [name, child] : stable)
        forget_entries(*child);
}

NodeRef FileTree::make_node(bool directory) {
    return std::make_shared<Node>(next_node_++, directory);
}

Outcome<NodeRef> FileTree::find(const Path& path) const {
    NodeRef node = root_;
    for (const std::string& part : path) {
        if (!node->is_directory)
            return std::unexpected(ENOTDIR);
        const auto found = node->entries.find(part);
        if (found == node->entries.end())
            return std::unexpected(ENOENT);
        node = found->second;
    }
    return node;
}

Outcome<NodeRef> FileTree::find_parent(const Path& path) const {
    if (path.empty())
        return std::unexpected(EBUSY);
    Outcome<NodeRef> parent = find(Path(path.begin(), path.end() - 1));
    if (parent && !(*parent)->is_directory)
        return std::unexpected(ENOTDIR);
    return parent;
}

Outcome<NodeRef> FileTree::open(const Path& path, const OpenOptions& options) {
    Outcome<NodeRef> found = find(path);
    if (found && options.create && options.exclusive)
        return std::unexpected(EEXIST);
    if (!found && (found.error() != ENOENT || !options.create))
        return found;
    if (!found) {
        Outcome<NodeRef> parent = find_parent(path);
        if (!parent)
            return parent;
        found = make_node(false);
        change({{*parent, path.back(), *found}});
    }
    if ((*found)->is_directory)
        return std::unexpected(EISDIR);
    (*found)->opens++;
    return found;
}

void FileTree::close(Node& node) {
    CHECK(node.opens > 0);
    node.opens--;
    release_space(node);
}

int FileTree::remove(const Path& path) {
    const Outcome<NodeRef> parent = find_parent(path);
    if (!parent)
        return parent.error();
    const Outcome<NodeRef> found = find(path);
    if (!found)
        return found.error();
    if (!(*found)->entries.empty())
        return ENOTEMPTY;
    change({{*parent, path.back(), nullptr}});
    return 0;
}

int FileTree::rename(const Path& from, const Path& to) {
    const Outcome<NodeRef> from_parent = find_parent(from);
    if (!from_parent)
        return from_parent.error();
    const Outcome<NodeRef> moved = find(from);
    if (!moved)
        return moved.error();
    const Outcome<NodeRef> to_parent = find_parent(to);
    if (!to_parent)
        return to_parent.error();
    if (to.size() > from.size() && std::equal(from.begin(), from.end(), to.begin()))
        return EINVAL;
    const Outcome<NodeRef> replaced = find(to);
    if (replaced && *replaced == *moved)
        return 0;
    if (replaced && (*replaced)->is_directory != (*moved)->is_directory)
        return (*replaced)->is_directory ? EISDIR : ENOTDIR;
    if (replaced && !(*replaced)->entries.empty())
        return ENOTEMPTY;
    change({{*from_parent, from.back(), nullptr}, {*to_parent, to.back(), *moved}});
    return 0;
}

int FileTree::make_directories(const Path& path) {
    Path so_far;
    for (const std::string& part : path) {
        so_far.push_back(part);
        const Outcome<NodeRef> found = find(so_far);
        if (found && !(*found)->is_directory)
            return ENOTDIR;
        if (found)
            continue;
        const Outcome<NodeRef> parent = find_parent(so_far);
        if (!parent)
            return parent.error();
        change({{*parent, part, make_node(true)}});
    }
    return 0;
}

void FileTree::change(std::vector<EntryChange> entries) {
    write_journal();
    // The node that moves gets its new name first, so that it never seems to have none.
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
        show(*entry);
    changes_.push_back({core_.now(), std::move(entries)});
}

void FileTree::show(const EntryChange& change) {
    std::map<std::string, NodeRef>& shown = change.directory->entries;
    const auto old = shown.find(change.name);
    if (change.node != nullptr)
        change.node->names++;
    if (old != shown.end()) {
        const NodeRef replaced = old->second;
        shown.erase(old);
        drop_name(*replaced);
    }
    if (change.node != nullptr)
        shown.emplace(change.name, change.node);
}

void FileTree::drop_name(Node& node) {
    CHECK(node.names > 0);
    node.names--;
    release_space(node);
}

void FileTree::release_space(Node& node) {
    if (node.names == 0 && node.opens == 0)
        used_pages_ -= node.file.live().pages();
}

void FileTree::account(Node& node, uint64_t pages_before) {
    if (node.names != 0 || node.opens != 0)
        used_pages_ = used_pages_ - pages_before + node.file.live().pages();
}

uint64_t FileTree::room() const {
    return used() >= capacity_ ? 0 : capacity_ - used();
}

void FileTree::persist(const NameChange& change) {
    for (const EntryChange& entry : change.entries) {
        if (entry.node == nullptr)
            entry.directory->stable_entries.erase(entry.name);
        else
            entry.directory->stable_entries[entry.name] = entry.node;
    }
}

bool FileTree::touches_same_name(const NameChange& a, const NameChange& b) {
    return std::any_of(a.entries.begin(), a.entries.end(), [&](const EntryChange& x) {
        return std::any_of(b.entries.begin(), b.entries.end(), [&](const EntryChange& y) {
            return x.directory == y.directory && x.name == y.name;
        });
    });
}

void FileTree::write_journal() {
    while (!changes_.empty() && core_.now() - changes_.front().time > journal_interval) {
        persist(changes_.front());
        changes_.pop_front();
    }
}

int FileTree::sync_directory(const Path& path) {
    const Outcome<NodeRef> directory = find(path);
    if (!directory)
        return directory.error();
    if (!(*directory)->is_directory)
        return ENOTDIR;
    // Changes in this directory, and earlier ones of the same names: found from the newest back.
    std::vector<const NameChange*> wanted;
    for (auto at = changes_.rbegin(); at != changes_.rend(); ++at) {
        const bool here =
            std::any_of(at->entries.begin(), at->entries.end(),
                        [&](const EntryChange& entry) { return entry.directory == *directory; });
        const bool needed = std::any_of(wanted.begin(), wanted.end(), [&](const NameChange* later) {
            return touches_same_name(*at, *later);
        });
        if (here || needed)
            wanted.push_back(&*at);
    }
    for (auto at = changes_.begin(); at != changes_.end();) {
        if (!wanted.empty() && wanted.back() == &*at) {
            persist(*at);
            wanted.pop_back();
            at = changes_.erase(at);
        } else {
            ++at;
        }
    }
    return 0;
}

void FileTree::shut_down() {
    for (const NameChange& change : changes_)
        persist(change);
    changes_.clear();
    std::set<uint64_t> seen;
    Xoshiro unused(0);
    used_pages_ = 0;
    recover(*root_, {}, unused, false, seen);
}

void FileTree::cut_power(const DiskFaults& faults, Xoshiro& random) {
    std::vector<const NameChange*> undone;
    for (const NameChange& change : changes_) {
        const bool needs_undone = std::any_of(
            undone.begin(), undone.end(),
            [&](const NameChange* earlier) { return touches_same_name(*earlier, change); });
        if (needs_undone || Core::strikes(random, faults.cut_undo)) {
            core_.probes.hit("cut undoes name");
            undone.push_back(&change);
        } else {
            persist(change);
        }
    }
    changes_.clear();
    std::set<uint64_t> seen;
    used_pages_ = 0;
    recover(*root_, faults, random, true, seen);
}

// Shows what the medium holds, and counts its space anew. A node may have more than one name.
void FileTree::recover(Node& directory, const DiskFaults& faults, Xoshiro& random, bool cut,
                       std::set<uint64_t>& seen) {
    directory.entries = directory.stable_entries;
    for (const auto& [name, child] : directory.entries) {
        const bool first = seen.insert(child->number).second;
        if (first)
            child->names = 0;
        child->names++;
        if (!first)
            continue;
        if (child->is_directory) {
            recover(*child, faults, random, cut, seen);
            continue;
        }
        if (cut)
            child->file.cut_power(faults, random, core_.probes);
        else
            child->file.shut_down();
        used_pages_ += child->file.live().pages();
    }
}

}  // namespace cairn::sim
