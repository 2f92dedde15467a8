// The repository of one metadata server on a simulated disk, driven by a consensus of one.
#include "meta/node/log_store.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "meta/catalogue/snapshot_writer.h"
#include "meta/node/make_repository.h"
#include "meta/node/member_address.h"
#include "meta/node/repository_files.h"
#include "meta/node/snapshot_file.h"
#include "runtime/sim/world.h"

namespace cairn::meta {
namespace {

const Address address{"10.0.0.1", 2510};

MdsIdentity identity() {
    MdsIdentity identity{{}, "demo", MdsId(1), address};
    identity.cluster.bytes.fill(0x42);
    return identity;
}

// What the test knows of one repository over all its lives.
struct Known {
    LogStoreOptions options{.segment_size = 64 * kib, .rules = {}};
    uint64_t goal = 0;  // entries to have at the end of this life
    size_t entry_size = 100;
    bool snapshots = false;          // take one now and then
    LogIndex acknowledged{1};        // everything up to here was
    std::map<LogIndex, Term> terms;  // of acknowledged entries
    std::optional<Error> error;      // the last life's
    bool opened = false;
    uint64_t tears = 0;
    uint64_t lost = 0;  // lives that found less than was acknowledged
};

class LogStoreTest : public testing::Test {
  public:
    void start_world(uint64_t seed, const sim::FaultPlan& plan = sim::FaultPlan::none()) {
        world = std::make_unique<sim::World>(seed, plan);
        machine = &world->add_host({.name = "mds", .addresses = {"10.0.0.1"}});
        bool made = false;
        sim::Process& process = world->start(
            *machine, "make", [&made](Runtime& runtime) { return make(runtime, made); });
        ASSERT_TRUE(world->run_until([&] { return !process.running(); }, seconds(60)));
        ASSERT_TRUE(made);
    }
    sim::Process& start_life() {
        known.error.reset();
        known.opened = false;
        return world->start(*machine, "life",
                            [this](Runtime& runtime) { return live(runtime, known); });
    }
    void live_to_the_end() {
        sim::Process& process = start_life();
        ASSERT_TRUE(world->run_until([&] { return !process.running(); }, seconds(600)));
        if (known.options.rules.write_durably)
            ASSERT_EQ(known.lost, 0u) << "acknowledged entries are gone, seed " << world->seed();
    }
    [[nodiscard]] std::vector<std::string> files(std::string_view prefix) {
        std::vector<std::string> names;
        for (const DirectoryEntry& entry : *machine->peek_directory("/mds"))
            if (entry.name.starts_with(prefix))
                names.push_back(entry.name);
        return names;
    }

    std::unique_ptr<sim::World> world;
    sim::Machine* machine = nullptr;
    Known known;

  private:
    static Task<void> make(Runtime& runtime, bool& made) {
        Result<void> done = co_await make_repository(
            runtime, {.directory = "/mds", .identity = identity(), .first = true, .warn = {}});
        made = done.has_value();
    }
    static Task<void> live(Runtime& runtime, Known& known) {
        auto store = co_await LogStore::open(runtime, "/mds", known.options);
        if (!store) {
            known.error = store.error();
            co_return;
        }
        known.opened = true;
        known.tears += (*store)->found_tear() ? 1 : 0;
        Result<void> done = co_await use(runtime, **store, known);
        if (!done)
            known.error = done.error();
        co_await (*store)->close();
    }
    static Task<Result<void>> use(Runtime& runtime, LogStore& store, Known& known) {
        raft::Restored restored = store.take_restored();
        check_acknowledged(restored, known);
        Result<raft::Raft> raft =
            raft::Raft::create({.id = MdsId(1), .rules = {}}, std::move(restored));
        if (!raft)
            co_return raft.error();
        raft->campaign();
        while (known.acknowledged.number < known.goal) {
            if (raft->is_leader()) {
                const uint64_t count = 1 + runtime.random.below(3);
                for (uint64_t i = 0; i < count; i++)
                    static_cast<void>(raft->propose(Buffer::zeroed(known.entry_size)));
            }
            if (raft->has_unpersisted()) {
                raft::Unpersisted batch = raft->take_unpersisted();
                CO_TRY(co_await store.append(batch));
                for (const raft::Entry& entry : batch.entries()) {
                    known.terms[entry.index] = entry.term;
                    known.acknowledged = entry.index;
                }
                raft->persisted(std::move(batch).is_on_stable_media());
            }
            static_cast<void>(raft->take_output());
            if (known.snapshots && runtime.random.below(20) == 0)
                CO_TRY(co_await snapshot(runtime, store, *raft));
        }
        co_return Result<void>();
    }
    static void check_acknowledged(const raft::Restored& restored, Known& known) {
        const LogIndex last =
            restored.entries.empty() ? restored.snapshot.index : restored.entries.back().index;
        if (std::max(last, restored.snapshot.index) < known.acknowledged)
            known.lost++;
        for (const raft::Entry& entry : restored.entries) {
            const auto term = known.terms.find(entry.index);
            if (term != known.terms.end() && term->second != entry.term)
                known.lost++;
        }
    }
    static Task<Result<void>> snapshot(Runtime& runtime, LogStore& store, raft::Raft& raft) {
        const LogIndex at = raft.commit();
        const auto meta = raft.snapshot_meta(at);
        if (!meta || (store.snapshot() && store.snapshot()->index >= at))
            co_return Result<void>();
        auto file = co_await SnapshotFileWriter::create(runtime, store.own_part_path(),
                                                        identity().cluster, *meta);
        if (!file)
            co_return file.error();
        Catalogue empty;
        SnapshotWriter pieces(empty);
        while (std::optional<Bytes> piece = pieces.next_piece())
            CO_TRY(co_await (*file)->add_piece(std::move(*piece)));
        CO_TRY(co_await (*file)->finish());
        CO_TRY(co_await store.publish_own(*meta));
        raft.compact(at);
        co_return co_await store.release(at);
    }
};

TEST_F(LogStoreTest, KeepsEverythingOverManyLives) {
    start_world(1);
    for (int life = 0; life < 5; life++) {
        known.goal = known.acknowledged.number + 300;
        live_to_the_end();
        ASSERT_FALSE(known.error) << known.error->message();
    }
    EXPECT_EQ(known.tears, 0u);
    EXPECT_GT(files("log.").size(), 5u) << "no segment was ever full";
}

TEST_F(LogStoreTest, LivesWithoutAWriteTakeNoSpace) {
    start_world(2);
    known.goal = 10;
    live_to_the_end();
    const size_t before = files("log.").size();
    known.goal = 0;
    for (int life = 0; life < 10; life++)
        live_to_the_end();
    EXPECT_LE(files("log.").size(), before + 1);
    EXPECT_LE(files("spare.").size(), 1u);
}

TEST_F(LogStoreTest, SnapshotsFreeSegmentsWhichAreUsedAgain) {
    start_world(3);
    known.snapshots = true;
    known.entry_size = 3000;
    known.goal = 4000;
    live_to_the_end();
    ASSERT_FALSE(known.error) << known.error->message();
    EXPECT_LE(files("log.").size(), 12u);
    EXPECT_LE(files("spare.").size(), 2u);
    EXPECT_EQ(files("snapshot.").size(), 1u);
    known.goal = 0;
    live_to_the_end();
    ASSERT_FALSE(known.error) << known.error->message();
}

TEST_F(LogStoreTest, ABatchLargerThanASegmentGetsASegmentOfItsOwn) {
    start_world(4);
    known.entry_size = 300'000;
    known.goal = 10;
    live_to_the_end();
    ASSERT_FALSE(known.error) << known.error->message();
    known.goal = 20;
    live_to_the_end();
    ASSERT_FALSE(known.error) << known.error->message();
}

// Power cuts and kills at any moment: torn, lost and late writes.
TEST_F(LogStoreTest, AcknowledgedBatchesSurvivePowerCutsAndKills) {
    uint64_t tears = 0;
    for (uint64_t seed = 100; seed < 140; seed++) {
        sim::FaultPlan plan;
        plan.disk.cut_loss = 300'000;
        plan.disk.cut_tear = 600'000;
        plan.disk.cut_undo = 500'000;
        plan.disk.late_write = 500'000;
        plan.disk.short_write = 100'000;
        plan.disk.short_read = 100'000;
        start_world(seed, plan);
        known = Known{};
        known.snapshots = seed % 2 == 0;
        known.entry_size = seed % 3 == 0 ? 3000 : 200;
        Xoshiro random(seed);
        for (int life = 0; life < 8; life++) {
            known.goal = known.acknowledged.number + 10'000;
            sim::Process& process = start_life();
            world->run_for(microseconds(static_cast<int64_t>(random.below(120'000))));
            ASSERT_FALSE(known.error) << "seed " << seed << ": " << known.error->message();
            ASSERT_EQ(known.lost, 0u) << "seed " << seed;
            if (random.below(2) == 0) {
                world->kill(process);
            } else {
                world->cut_power(*machine);
                world->power_on(*machine);
            }
        }
        known.goal = 0;
        live_to_the_end();
        ASSERT_FALSE(known.error) << "seed " << seed << ": " << known.error->message();
        tears += known.tears;
    }
    EXPECT_GT(tears, 5u) << "no write was torn";
}

// The rule, broken on purpose: a batch counts as written while it is only held.
TEST_F(LogStoreTest, WithoutDurableWritesAPowerCutLosesAcknowledgedBatches) {
    start_world(7);
    known.options.rules.write_durably = false;
    known.goal = 10;
    live_to_the_end();
    world->cut_power(*machine);
    world->power_on(*machine);
    known.goal = 0;
    live_to_the_end();
    ASSERT_FALSE(known.error) << known.error->message();
    EXPECT_GT(known.lost, 0u) << "the broken rule was not noticed";
}

// Whatever byte of the log flips, the server does not start from it, and says which file.
TEST_F(LogStoreTest, AFlippedByteInTheLogIsAnErrorThatNamesTheFile) {
    start_world(8);
    known.goal = 60;
    live_to_the_end();
    ASSERT_FALSE(known.error);
    const std::string path = "/mds/" + files("log.").back();
    const Bytes content = *machine->peek(path);
    uint64_t end = content.size();
    while (end > 0 && content[end - 1] == std::byte{})
        end--;
    ASSERT_GT(end, 4 * block_size);
    Xoshiro random(8);
    known.goal = 0;
    uint64_t checked = 0;
    for (int i = 0; i < 200; i++) {
        const uint64_t at = random.below(end);
        // The rest of the header's block is not used.
        if (at >= log_sector_size && at < block_size)
            continue;
        ASSERT_TRUE(machine->corrupt(path, at).has_value());
        live_to_the_end();
        ASSERT_TRUE(known.error.has_value()) << at;
        EXPECT_EQ(known.error->code(), Code::corrupt) << at;
        EXPECT_NE(known.error->message().find(path), std::string::npos) << known.error->message();
        EXPECT_NE(known.error->message().find("rm-mds 1"), std::string::npos);
        ASSERT_TRUE(machine->corrupt(path, at).has_value());
        checked++;
    }
    EXPECT_GT(checked, 100u);
    live_to_the_end();
    EXPECT_FALSE(known.error);
}

TEST_F(LogStoreTest, FlippedBytesInSnapshotHeaderAndIdentityAreFound) {
    start_world(9);
    known.goal = 20;
    live_to_the_end();
    for (const std::string& name : {files("snapshot.").front(), std::string("identity")}) {
        for (const uint64_t at : {1u, 9u, 20u, 30u}) {
            const std::string path = "/mds/" + name;
            ASSERT_TRUE(machine->corrupt(path, at).has_value());
            live_to_the_end();
            ASSERT_TRUE(known.error.has_value()) << path << " at " << at;
            EXPECT_EQ(known.error->code(), Code::corrupt) << path << " at " << at;
            ASSERT_TRUE(machine->corrupt(path, at).has_value());
        }
    }
}

TEST_F(LogStoreTest, ASecondProgramIsRefused) {
    start_world(10);
    known.goal = 100'000;
    const sim::Process& first = start_life();
    ASSERT_TRUE(world->run_until([&] { return known.opened; }, seconds(5)));
    const LogIndex before = known.acknowledged;
    known.acknowledged = LogIndex(1);
    live_to_the_end();
    ASSERT_TRUE(known.error.has_value());
    EXPECT_EQ(known.error->code(), Code::busy);
    EXPECT_TRUE(first.running());
    EXPECT_GE(before.number, 1u);
}

TEST_F(LogStoreTest, AFullDiskIsAnErrorAndLosesNothing) {
    start_world(11);
    known.entry_size = 3000;
    known.goal = 1'000'000;
    machine->disk_of("/mds/x").set_capacity(1 * mib);
    live_to_the_end();
    ASSERT_TRUE(known.error.has_value());
    EXPECT_EQ(known.error->code(), Code::no_space) << known.error->message();
    EXPECT_GT(known.acknowledged.number, 100u);
    machine->disk_of("/mds/x").set_capacity(1 * gib);
    known.goal = known.acknowledged.number + 100;
    live_to_the_end();
    EXPECT_FALSE(known.error) << known.error->message();
}

TEST_F(LogStoreTest, AFailedWriteIsFinal) {
    start_world(12);
    known.goal = 1'000'000;
    sim::DiskFaults faults;
    faults.write_error = 10'000;
    machine->disk_of("/mds/x").set_faults(faults);
    live_to_the_end();
    ASSERT_TRUE(known.error.has_value());
    EXPECT_EQ(known.error->code(), Code::io_error);
    machine->disk_of("/mds/x").heal();
    known.goal = known.acknowledged.number + 10;
    live_to_the_end();
    EXPECT_FALSE(known.error) << known.error->message();
}

}  // namespace
}  // namespace cairn::meta
