// FileTree: the names, files and space of one simulated file system. Like CachedFile it knows what
// the kernel shows and what a power cut would leave: a change of names is durable once its
// directory was synced, or after the file system wrote its own journal, some seconds later.
// Results are errno values: it stands where the kernel does.
#pragma once

#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/disk.h"
#include "runtime/sim/cached_file.h"
#include "runtime/sim/tree_image.h"

namespace cairn::sim {

struct Node;
using NodeRef = std::shared_ptr<Node>;

struct Node {
    Node(uint64_t node_number, bool directory) : number(node_number), is_directory(directory) {}

    const uint64_t number;
    const bool is_directory;
    CachedFile file;
    std::map<std::string, NodeRef> entries;         // as the kernel shows them
    std::map<std::string, NodeRef> stable_entries;  // as the medium holds them
    uint32_t names = 0;                             // that the kernel shows
    uint32_t opens = 0;
};

template <class T>
using Outcome = std::expected<T, int>;

class FileTree {
  public:
    FileTree(Core& core, uint64_t capacity);
    FileTree(const FileTree&) = delete;
    FileTree& operator=(const FileTree&) = delete;
    ~FileTree();

    // Paths are relative to this file system's root, as parts.
    using Path = std::vector<std::string>;
    [[nodiscard]] Outcome<NodeRef> find(const Path& path) const;
    [[nodiscard]] Outcome<NodeRef> open(const Path& path, const OpenOptions& options);
    void close(Node& node);
    int remove(const Path& path);
    int rename(const Path& from, const Path& to);
    int make_directories(const Path& path);
    int sync_directory(const Path& path);

    // Changes of content go through here, so that space is accounted for.
    [[nodiscard]] uint64_t room() const;
    [[nodiscard]] uint64_t capacity() const { return capacity_; }
    [[nodiscard]] uint64_t used() const { return used_pages_ * page_size + foreign_; }
    void account(Node& node, uint64_t pages_before);
    // What others keep on this file system.
    void set_foreign_usage(uint64_t bytes) { foreign_ = bytes; }
    void set_capacity(uint64_t bytes) { capacity_ = bytes; }

    void shut_down();
    // A copy, and bringing one back, durably, in place of what is at `path`; nobody has a file open
    // there. An errno value, or 0.
    [[nodiscard]] Outcome<TreeImage> save(const Path& path) const;
    int restore(const Path& path, const TreeImage& image);
    void cut_power(const DiskFaults& faults, Xoshiro& random);

  private:
    struct EntryChange {
        NodeRef directory;
        std::string name;
        NodeRef node;  // null: the name is gone
    };
    struct NameChange {
        SimTime time;
        std::vector<EntryChange> entries;  // all or none of them
    };
    using NameChanges = std::list<NameChange>;

    [[nodiscard]] Outcome<NodeRef> find_parent(const Path& path) const;
    [[nodiscard]] NodeRef make_node(bool directory);
    void change(std::vector<EntryChange> entries);
    void show(const EntryChange& change);
    void drop_name(Node& node);
    void release_space(Node& node);
    void write_journal();
    static void persist(const NameChange& change);
    static bool touches_same_name(const NameChange& a, const NameChange& b);
    void recover(Node& directory, const DiskFaults& faults, Xoshiro& random, bool cut,
                 std::set<uint64_t>& seen);
    static TreeImage image_of(const Node& node);
    NodeRef node_of(const TreeImage& image);
    static void check_closed(const Node& node);
    static uint64_t pages_below(const Node& node);
    static void forget_entries(Node& node);

    Core& core_;
    uint64_t capacity_;
    uint64_t foreign_ = 0;
    uint64_t used_pages_ = 0;
    uint64_t next_node_ = 1;
    NodeRef root_;
    NameChanges changes_;
};

// "/a/b//c" as parts.
[[nodiscard]] FileTree::Path split_path(const std::string& path);

}  // namespace cairn::sim
