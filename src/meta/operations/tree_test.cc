// Operations on the tree of names.
#include "meta/operations/world_for_tests.h"

namespace cairn::meta {
namespace {

class TreeTest : public World, public testing::Test {};

TEST_F(TreeTest, ANewClusterHasARootWithOneReplica) {
    Catalogue empty;
    const NodeAttributes root = *empty.attributes(root_file);
    EXPECT_EQ(root.kind, NodeKind::directory);
    EXPECT_EQ(root.storage, StorageAttributes{});
    EXPECT_EQ(root.storage.replicas_norm, 1);
    EXPECT_EQ(root.storage.failure_domain, FailureDomain::host);
    EXPECT_EQ(run(logged::CreateCluster{catalogue.cluster(), "again"}).code, Code::already_exists);
    EXPECT_EQ(catalogue.cluster_name(), "test");
}

TEST_F(TreeTest, MakesListsAndFindsNodes) {
    const FileId directory = make_directory("d");
    const FileId file = make_file("f", directory);
    EXPECT_EQ(*catalogue.look_up(root_file, "d/f", true), file);
    EXPECT_EQ(*catalogue.look_up(directory, "f", true), file);
    EXPECT_EQ(*catalogue.look_up(directory, "/d//./f", true), file);
    EXPECT_EQ(*catalogue.look_up(directory, "../d/../../d", true), directory);
    EXPECT_EQ(*catalogue.look_up(file, "", true), file);
    EXPECT_EQ(catalogue.look_up(root_file, "d/g", true).code(), Code::not_found);
    EXPECT_EQ(catalogue.look_up(root_file, "d/f/g", true).code(), Code::not_a_directory);
    EXPECT_EQ(catalogue.path_of(file), "/d/f");
    EXPECT_EQ(catalogue.path_of(root_file), "/");

    for (const char* name : {"b", "a", "c"})
        make_file(name, directory);
    ListDirectoryReply listed = *catalogue.list(directory, "", 2);
    ASSERT_EQ(listed.entries.size(), 2U);
    EXPECT_EQ(listed.entries[0].name, "a");
    EXPECT_EQ(listed.entries[1].name, "b");
    EXPECT_TRUE(listed.more);
    listed = *catalogue.list(directory, "b", 10);
    ASSERT_EQ(listed.entries.size(), 2U);
    EXPECT_EQ(listed.entries[0].name, "c");
    EXPECT_EQ(listed.entries[1].name, "f");
    EXPECT_FALSE(listed.more);
    EXPECT_EQ(catalogue.list(file, "", 1).code(), Code::not_a_directory);
}

TEST_F(TreeTest, RefusesWhatCannotBeMade) {
    make_file("f");
    const auto make = [this](const std::string& name, NodeKind kind = NodeKind::file,
                             std::optional<uint64_t> chunk_size = {}) {
        logged::MakeNode node;
        node.parent = root_file;
        node.name = name;
        node.node_kind = kind;
        node.chunk_size = chunk_size;
        return run(node).code;
    };
    EXPECT_EQ(make("f"), Code::already_exists);
    for (const std::string& name :
         {std::string(""), std::string("."), std::string(".."), std::string("a/b"),
          std::string("a\0b", 3), std::string(256, 'x')})
        EXPECT_EQ(make(name), Code::invalid_argument) << name;
    EXPECT_EQ(make("s", NodeKind::symlink), Code::invalid_argument);
    EXPECT_EQ(make("k", static_cast<NodeKind>(9)), Code::invalid_argument);
    EXPECT_EQ(make("c", NodeKind::file, 3 << 20), Code::invalid_argument);
    EXPECT_EQ(make("c", NodeKind::file, 4096), Code::invalid_argument);
    EXPECT_EQ(make("c", NodeKind::file, 1 << 20), Code::ok);
    logged::MakeNode below_file;
    below_file.parent = *catalogue.look_up(root_file, "f", true);
    below_file.name = "x";
    EXPECT_EQ(run(below_file).code, Code::not_a_directory);
    EXPECT_EQ(catalogue.node_count(), 3U);
}

TEST_F(TreeTest, FollowsSymbolicLinksWithinLimits) {
    const FileId directory = make_directory("d");
    const FileId file = make_file("f", directory);
    const auto link = [this](const std::string& name, const std::string& target) {
        logged::MakeNode node;
        node.parent = root_file;
        node.name = name;
        node.node_kind = NodeKind::symlink;
        node.symlink_target = target;
        return run(node).as<logged::NodeAnswer>()->node.file;
    };
    const FileId to_directory = link("l", "d");
    link("m", "/l/f");
    link("loop", "loop");
    EXPECT_EQ(*catalogue.look_up(root_file, "m", true), file);
    EXPECT_EQ(*catalogue.look_up(root_file, "l/f", false), file);
    EXPECT_EQ(*catalogue.look_up(root_file, "l", false), to_directory);
    EXPECT_EQ(*catalogue.look_up(root_file, "l", true), directory);
    EXPECT_EQ(catalogue.look_up(root_file, "loop", true).code(), Code::invalid_argument);
    EXPECT_EQ(*catalogue.symlink_target(to_directory), "d");
    EXPECT_EQ(catalogue.symlink_target(file).code(), Code::invalid_argument);
}

TEST_F(TreeTest, RemovesFilesAndEmptyDirectoriesOnly) {
    make_file("f", make_directory("d"));
    EXPECT_EQ(remove("d", true).code, Code::not_empty);
    EXPECT_EQ(remove("d", false).code, Code::is_a_directory);
    EXPECT_EQ(remove("nothing").code, Code::not_found);
    make_file("g");
    EXPECT_EQ(remove("g", true).code, Code::not_a_directory);
    EXPECT_TRUE(remove("g").ok());
    EXPECT_EQ(catalogue.look_up(root_file, "g", true).code(), Code::not_found);
    EXPECT_TRUE(run(logged::RemoveNode{*catalogue.look_up(root_file, "d", true), "f", false}).ok());
    EXPECT_TRUE(remove("d", true).ok());
    EXPECT_EQ(catalogue.node_count(), 1U);
}

TEST_F(TreeTest, FreesARemovedFileWhenTheLastOpenerCloses) {
    const FileId file = make_file("f");
    open(file);
    const ChunkId chunk = add_chunk(file, 0);
    const ClientId other = new_client("/other");
    EXPECT_TRUE(remove("f").ok());
    EXPECT_TRUE(effects.to_delete.empty());
    ASSERT_NE(catalogue.node(file), nullptr);
    EXPECT_EQ(catalogue.node(file)->link_count, 0U);
    EXPECT_EQ(catalogue.path_of(file), "(removed file 2)");
    // Nobody new opens it; who has it open still may.
    EXPECT_EQ(grant(file, LeaseMode::shared, other).code, Code::busy);
    EXPECT_TRUE(grant(file, LeaseMode::exclusive, client).ok());
    EXPECT_TRUE(close(file).ok());
    EXPECT_EQ(catalogue.node(file), nullptr);
    EXPECT_EQ(catalogue.chunk(chunk), nullptr);
    EXPECT_EQ(effects.to_delete.size(), 3U);
    EXPECT_EQ(effects.removed, std::vector{file});
    EXPECT_EQ(catalogue.totals(), Totals{});
    EXPECT_EQ(grant(file, LeaseMode::shared, other).code, Code::not_found);
}

TEST_F(TreeTest, FreesARemovedFileWhenItsLeaseExpires) {
    const FileId file = make_file("f");
    open(file);
    add_chunk(file, 0);
    EXPECT_TRUE(remove("f").ok());
    EXPECT_EQ(end(file, client, logged::LeaseEnd::expired), 1U);
    EXPECT_EQ(catalogue.node(file), nullptr);
    EXPECT_EQ(effects.to_delete.size(), 3U);
    EXPECT_TRUE(catalogue.leases().empty());
    EXPECT_TRUE(catalogue.comparisons().empty());
    EXPECT_TRUE(catalogue.marks().empty());
}

TEST_F(TreeTest, RenamesAsPosixDoes) {
    const FileId file = make_file("f");
    const FileId directory = make_directory("d");
    const FileId inner = make_directory("inner", directory);
    const auto rename = [this](FileId from, const std::string& name, FileId to,
                               const std::string& new_name, bool no_replace = false) {
        return run(logged::RenameNode{from, name, to, new_name, no_replace}).code;
    };
    EXPECT_EQ(rename(root_file, "f", directory, "g"), Code::ok);
    EXPECT_EQ(catalogue.path_of(file), "/d/g");
    EXPECT_EQ(rename(root_file, "d", inner, "x"), Code::invalid_argument);
    EXPECT_EQ(rename(root_file, "d", directory, "x"), Code::invalid_argument);
    EXPECT_EQ(rename(directory, "g", directory, "inner"), Code::is_a_directory);
    EXPECT_EQ(rename(directory, "inner", directory, "g"), Code::not_a_directory);
    EXPECT_EQ(rename(directory, "g", directory, "g"), Code::ok);
    EXPECT_EQ(rename(directory, "none", root_file, "x"), Code::not_found);
    const FileId replaced = make_file("h");
    EXPECT_EQ(rename(directory, "g", root_file, "h", true), Code::already_exists);
    EXPECT_EQ(rename(directory, "g", root_file, "h"), Code::ok);
    EXPECT_EQ(catalogue.node(replaced), nullptr);
    EXPECT_EQ(*catalogue.look_up(root_file, "h", true), file);
    make_directory("empty");
    EXPECT_EQ(rename(directory, "inner", root_file, "empty"), Code::ok);
    EXPECT_EQ(catalogue.path_of(inner), "/empty");
    EXPECT_EQ(rename(root_file, "empty", root_file, "d"), Code::ok);
    EXPECT_EQ(catalogue.node_count(), 3U);
}

TEST_F(TreeTest, InheritsAttributesAndSetsThemRecursively) {
    const FileId directory = make_directory("d");
    const FileId file = make_file("f", directory);
    EXPECT_EQ(catalogue.attributes(file)->storage.replicas_norm, 3);
    const auto set = [this](FileId on, bool recursive, std::optional<uint8_t> norm,
                            std::optional<uint8_t> least) {
        return run(logged::SetAttributes{on, recursive, norm, least, {}, {}});
    };
    EXPECT_EQ(set(directory, false, uint8_t{5}, {}).as<logged::SetAttributesAnswer>()->changed, 1U);
    EXPECT_EQ(catalogue.attributes(directory)->storage.replicas_min, 3);
    EXPECT_EQ(catalogue.attributes(file)->storage.replicas_norm, 3);
    EXPECT_EQ(effects.storage_changed, std::vector{directory});
    EXPECT_EQ(set(root_file, true, uint8_t{2}, {}).as<logged::SetAttributesAnswer>()->changed, 3U);
    EXPECT_EQ(catalogue.attributes(file)->storage.replicas_norm, 2);
    EXPECT_EQ(catalogue.attributes(file)->storage.replicas_min, 1);
    EXPECT_EQ(set(root_file, true, uint8_t{0}, {}).code, Code::invalid_argument);
    EXPECT_EQ(set(root_file, true, uint8_t{16}, {}).code, Code::invalid_argument);
    EXPECT_EQ(set(root_file, true, {}, uint8_t{3}).code, Code::invalid_argument);
    EXPECT_EQ(set(root_file, true, uint8_t{15}, uint8_t{15}).code, Code::ok);
    EXPECT_EQ(set(FileId(77), true, uint8_t{2}, {}).code, Code::not_found);
    logged::SetAttributes tier{root_file, false, {}, {}, FailureDomain::disk, uint8_t{4}};
    EXPECT_EQ(run(tier).code, Code::invalid_argument);
    tier.tier = 3;
    EXPECT_TRUE(run(tier).ok());
    EXPECT_EQ(catalogue.attributes(root_file)->storage.failure_domain, FailureDomain::disk);
    EXPECT_EQ(catalogue.attributes(root_file)->storage.replicas_norm, 15);
}

TEST_F(TreeTest, SetsModeOwnerAndTimes) {
    const FileId file = make_file("f");
    logged::SetNode set;
    set.file = file;
    set.mode = 0170600;
    set.uid = 5;
    set.modified = WallTime{42};
    const NodeAttributes node = run(set).as<logged::NodeAnswer>()->node;
    EXPECT_EQ(node.mode, 0600U);
    EXPECT_EQ(node.uid, 5U);
    EXPECT_EQ(node.gid, 0U);
    EXPECT_EQ(node.modified, WallTime{42});
    EXPECT_EQ(node.changed, WallTime{static_cast<int64_t>(clock)});
}

class TruncateTest : public World, public testing::Test {
  public:
    TruncateTest() : file(make_file("f")) { epoch_of_lease = open(file); }
    NodeAttributes truncate(uint64_t size) {
        return run(logged::Truncate{file, client, InstanceId(1), size})
            .as<logged::NodeAnswer>()
            ->node;
    }
    Answer set_size(uint64_t size, bool punched = false) {
        return run(logged::SetFileSize{file, client, InstanceId(1), epoch(file), size, punched,
                                       WallTime{1}});
    }
    FileId file;
    LeaseEpoch epoch_of_lease;
    static constexpr uint64_t chunk = 256ULL << 20;
};

TEST_F(TruncateTest, GrowingNeedsNoChunks) {
    const NodeAttributes node = truncate(10 * chunk);
    EXPECT_EQ(node.size, 10 * chunk);
    EXPECT_EQ(node.zero_from, UINT64_MAX);
    EXPECT_EQ(node.chunk_count, 0U);
    EXPECT_EQ(catalogue.totals().file_bytes, 10 * chunk);
}

TEST_F(TruncateTest, RemovesWholeChunksAndHidesTheRestOfOne) {
    for (uint64_t i = 0; i < 4; i++)
        add_chunk(file, i);
    EXPECT_TRUE(set_size(4 * chunk).ok());
    NodeAttributes node = truncate(2 * chunk);
    EXPECT_EQ(node.chunk_count, 2U);
    EXPECT_EQ(node.zero_from, UINT64_MAX);
    EXPECT_EQ(effects.to_delete.size(), 6U);
    node = truncate(chunk + 5000);
    EXPECT_EQ(node.chunk_count, 2U);
    EXPECT_EQ(node.zero_from, chunk + 5000);
    // Readers obey at once, through an extension too, until the writer punched.
    node = truncate(3 * chunk);
    EXPECT_EQ(node.zero_from, chunk + 5000);
    EXPECT_EQ(set_size(3 * chunk + 1).code, Code::invalid_argument);
    EXPECT_TRUE(set_size(3 * chunk + 1, true).ok());
    EXPECT_EQ(catalogue.attributes(file)->zero_from, UINT64_MAX);
    EXPECT_EQ(catalogue.attributes(file)->size, 3 * chunk + 1);
    node = truncate(0);
    EXPECT_EQ(node.chunk_count, 0U);
    EXPECT_EQ(node.zero_from, UINT64_MAX);
    EXPECT_EQ(catalogue.totals().replicas, 0U);
}

TEST_F(TruncateTest, CutsOffWhatWasWrittenBeyondTheLoggedSize) {
    add_chunk(file, 0);
    add_chunk(file, 5);
    const NodeAttributes node = truncate(3 * chunk + 1);
    EXPECT_EQ(node.chunk_count, 1U);
    const NodeAttributes within = truncate(1000);
    EXPECT_EQ(within.zero_from, 1000U);
}

TEST_F(TruncateTest, IsForTheWriterOrWhenNobodyHasItOpen) {
    const ClientId other = new_client("/other");
    const logged::Truncate by_other{file, other, InstanceId(1), 5};
    EXPECT_EQ(run(by_other).code, Code::busy);
    EXPECT_EQ(end(file, client, logged::LeaseEnd::expired), 1U);
    EXPECT_EQ(run(by_other).code, Code::retry);
    fence_done(file);
    EXPECT_TRUE(run(by_other).ok());
    EXPECT_EQ(catalogue.attributes(file)->size, 5U);
    EXPECT_EQ(run(logged::Truncate{file, other, InstanceId(1), UINT64_MAX}).code, Code::too_large);
    EXPECT_EQ(run(logged::Truncate{root_file, other, InstanceId(1), 1}).code, Code::is_a_directory);
}

TEST_F(TruncateTest, SizesOnlyGrowByTheWriter) {
    EXPECT_TRUE(set_size(100).ok());
    EXPECT_TRUE(set_size(50).ok());
    EXPECT_EQ(catalogue.attributes(file)->size, 100U);
    const logged::SetFileSize stale{file, client, InstanceId(1), LeaseEpoch(epoch(file).number + 1),
                                    200,  false,  WallTime{1}};
    EXPECT_EQ(run(stale).code, Code::lease_lost);
    EXPECT_TRUE(close(file).ok());
    EXPECT_EQ(set_size(300).code, Code::lease_lost);
}

}  // namespace
}  // namespace cairn::meta
