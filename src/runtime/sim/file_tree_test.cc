// Names: what the kernel shows, and what a power cut may leave of unsynced changes.
#include "runtime/sim/file_tree.h"

#include <cerrno>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace cairn::sim {
namespace {

constexpr OpenOptions creating{.write = true, .create = true};
constexpr uint32_t half = 500'000;

// "d/ d/x=content y=" : every name, with a file's content.
std::string listing(const FileTree& tree, const std::string& path = "") {
    std::string text;
    const Outcome<NodeRef> directory = tree.find(split_path(path));
    for (const auto& [name, node] : (*directory)->entries) {
        const std::string full = path.empty() ? name : path + "/" + name;
        if (node->is_directory) {
            text += full + "/ " + listing(tree, full);
            continue;
        }
        std::string content(node->file.live().size(), '\0');
        node->file.live().read(0,
                               std::as_writable_bytes(std::span(content.data(), content.size())));
        text += full + "=" + content + " ";
    }
    return text;
}

// A file with content, synced; its name is not.
void make(FileTree& tree, const std::string& path, const std::string& text) {
    const Outcome<NodeRef> node = tree.open(split_path(path), creating);
    ASSERT_TRUE(node.has_value());
    const uint64_t before = (*node)->file.live().pages();
    const ByteView slice = bytes_of(text);
    (*node)->file.write(0, {&slice, 1}, slice.size());
    (*node)->file.persist_through((*node)->file.newest());
    tree.account(**node, before);
    tree.close(**node);
}

template <class Prepare>
std::set<std::string> outcomes(Prepare prepare) {
    std::set<std::string> found;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        Core core(seed, FaultPlan::none());
        FileTree tree(core, mib);
        prepare(core, tree);
        Xoshiro random(seed);
        tree.cut_power({.cut_undo = half}, random);
        found.insert(listing(tree));
    }
    return found;
}

TEST(FileTree, FindsMakesRenamesAndRemoves) {
    Core core(1, FaultPlan::none());
    FileTree tree(core, mib);
    EXPECT_EQ(tree.make_directories({"a", "b"}), 0);
    EXPECT_EQ(tree.make_directories({"a", "b"}), 0);
    make(tree, "a/x", "1");
    EXPECT_EQ(tree.make_directories({"a", "x"}), ENOTDIR);
    EXPECT_EQ(tree.make_directories({"a", "x", "y"}), ENOTDIR);
    EXPECT_EQ(tree.open({"a", "none"}, {}).error(), ENOENT);
    EXPECT_EQ(tree.open({"none", "x"}, creating).error(), ENOENT);
    EXPECT_EQ(tree.open({"a", "b"}, {}).error(), EISDIR);
    EXPECT_EQ(tree.open({"a", "x", "y"}, creating).error(), ENOTDIR);
    EXPECT_EQ(tree.open({"a", "x"}, {.create = true, .exclusive = true}).error(), EEXIST);
    EXPECT_EQ(tree.remove({"a"}), ENOTEMPTY);
    EXPECT_EQ(tree.rename({"a", "x"}, {"a", "b"}), EISDIR);
    EXPECT_EQ(tree.rename({"a", "b"}, {"a", "x"}), ENOTDIR);
    EXPECT_EQ(tree.rename({"a"}, {"a", "b", "c"}), EINVAL);
    EXPECT_EQ(tree.rename({"a", "x"}, {"a", "b", "y"}), 0);
    EXPECT_EQ(listing(tree), "a/ a/b/ a/b/y=1 ");
    make(tree, "z", "2");
    EXPECT_EQ(tree.rename({"z"}, {"a", "b", "y"}), 0);
    EXPECT_EQ(listing(tree), "a/ a/b/ a/b/y=2 ");
    EXPECT_EQ(tree.remove({"a", "b", "y"}), 0);
    EXPECT_EQ(tree.remove({"a", "b"}), 0);
    EXPECT_EQ(tree.remove({"a", "b"}), ENOENT);
    EXPECT_EQ(listing(tree), "a/ ");
}

TEST(FileTree, UnsyncedNamesMayBeUndoneOneByOne) {
    const auto found = outcomes([](Core&, FileTree& tree) {
        make(tree, "a", "1");
        make(tree, "b", "2");
    });
    EXPECT_EQ(found, (std::set<std::string>{"", "a=1 ", "b=2 ", "a=1 b=2 "}));
}

TEST(FileTree, SyncedNamesStay) {
    const auto found = outcomes([](Core&, FileTree& tree) {
        make(tree, "a", "1");
        EXPECT_EQ(tree.sync_directory({}), 0);
        make(tree, "b", "2");
    });
    EXPECT_EQ(found, (std::set<std::string>{"a=1 ", "a=1 b=2 "}));
}

TEST(FileTree, AReplacementIsOldOrNew) {
    const auto found = outcomes([](Core&, FileTree& tree) {
        make(tree, "a", "old");
        EXPECT_EQ(tree.sync_directory({}), 0);
        make(tree, "a.new", "new");
        EXPECT_EQ(tree.rename({"a.new"}, {"a"}), 0);
    });
    EXPECT_EQ(found, (std::set<std::string>{"a=old ", "a=old a.new=new ", "a=new "}));
}

TEST(FileTree, ASyncedFileIsNotLostByARenameThatIsUndone) {
    const auto found = outcomes([](Core&, FileTree& tree) {
        make(tree, "a", "1");
        EXPECT_EQ(tree.sync_directory({}), 0);
        EXPECT_EQ(tree.rename({"a"}, {"b"}), 0);
        make(tree, "a", "2");
    });
    EXPECT_EQ(found, (std::set<std::string>{"a=1 ", "b=1 ", "a=2 b=1 "}));
}

TEST(FileTree, ARemovalMayBeUndone) {
    const auto found = outcomes([](Core&, FileTree& tree) {
        make(tree, "a", "1");
        EXPECT_EQ(tree.sync_directory({}), 0);
        EXPECT_EQ(tree.remove({"a"}), 0);
    });
    EXPECT_EQ(found, (std::set<std::string>{"", "a=1 "}));
}

TEST(FileTree, ANewDirectoryNeedsItsParentSynced) {
    const auto found = outcomes([](Core&, FileTree& tree) {
        EXPECT_EQ(tree.make_directories({"d"}), 0);
        make(tree, "d/x", "1");
        EXPECT_EQ(tree.sync_directory({"d"}), 0);
    });
    EXPECT_EQ(found, (std::set<std::string>{"", "d/ d/x=1 "}));
}

TEST(FileTree, SyncingADirectorySyncsBothNamesOfARename) {
    const auto found = outcomes([](Core&, FileTree& tree) {
        EXPECT_EQ(tree.make_directories({"d"}), 0);
        make(tree, "x", "1");
        EXPECT_EQ(tree.sync_directory({}), 0);
        EXPECT_EQ(tree.rename({"x"}, {"d", "y"}), 0);
        EXPECT_EQ(tree.sync_directory({"d"}), 0);
    });
    EXPECT_EQ(found, (std::set<std::string>{"d/ d/y=1 "}));
}

TEST(FileTree, TheFileSystemWritesItsJournalByItself) {
    const auto found = outcomes([](Core& core, FileTree& tree) {
        make(tree, "a", "1");
        core.queue.skip_to(SimTime{} + seconds(6));
        make(tree, "b", "2");
    });
    EXPECT_EQ(found, (std::set<std::string>{"a=1 ", "a=1 b=2 "}));
}

TEST(FileTree, AccountsForSpace) {
    Core core(1, FaultPlan::none());
    FileTree tree(core, 10 * page_size);
    make(tree, "a", std::string(3 * page_size, 'x'));
    EXPECT_EQ(tree.used(), 3 * page_size);
    make(tree, "b", "y");
    EXPECT_EQ(tree.used(), 4 * page_size);
    EXPECT_EQ(tree.rename({"b"}, {"a"}), 0);
    EXPECT_EQ(tree.used(), page_size);
    const Outcome<NodeRef> open = tree.open({"a"}, creating);
    EXPECT_EQ(tree.remove({"a"}), 0);
    EXPECT_EQ(tree.used(), page_size);  // until it is closed
    tree.close(**open);
    EXPECT_EQ(tree.used(), 0u);
    tree.set_foreign_usage(8 * page_size);
    EXPECT_EQ(tree.room(), 2 * page_size);
    tree.set_capacity(5 * page_size);
    EXPECT_EQ(tree.room(), 0u);
    tree.set_foreign_usage(0);
    // What a power cut brings back takes space again.
    Xoshiro random(1);
    make(tree, "c", "z");
    EXPECT_EQ(tree.sync_directory({}), 0);
    EXPECT_EQ(tree.remove({"c"}), 0);
    tree.cut_power({.cut_undo = 1'000'000}, random);
    EXPECT_EQ(tree.used(), page_size);
}

TEST(FileTree, AnOldCopyIsBroughtBackDurably) {
    Core core(1, FaultPlan::none());
    FileTree tree(core, mib);
    EXPECT_EQ(tree.make_directories({"d", "e"}), 0);
    make(tree, "d/x", "old");
    make(tree, "y", "other");
    const std::string before = listing(tree);
    const Outcome<TreeImage> image = tree.save({"d"});
    const Outcome<TreeImage> whole = tree.save({});
    make(tree, "d/x", "new!");
    make(tree, "d/z", std::string(2 * page_size, 'z'));
    EXPECT_EQ(tree.remove({"d", "e"}), 0);
    EXPECT_EQ(tree.used(), 4 * page_size);
    EXPECT_EQ(tree.restore({"d"}, *image), 0);
    EXPECT_EQ(listing(tree), before);
    EXPECT_EQ(tree.used(), 2 * page_size);
    Xoshiro random(1);
    tree.cut_power({.cut_loss = 1'000'000, .cut_undo = 1'000'000}, random);
    EXPECT_EQ(listing(tree), before);
    EXPECT_EQ(tree.remove({"y"}), 0);
    EXPECT_EQ(tree.restore({}, *whole), 0);
    EXPECT_EQ(listing(tree), before);
    EXPECT_EQ(tree.used(), 2 * page_size);
    EXPECT_EQ(tree.restore({"none", "d"}, *image), ENOENT);
    EXPECT_FALSE(tree.save({"none"}).has_value());
}

}  // namespace
}  // namespace cairn::sim
