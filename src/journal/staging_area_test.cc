// What is held in memory only: what comes out is what went in, also after any kill, and nothing
// that does not add up.
#include "journal/staging_area.h"

#include <gtest/gtest.h>

#include "journal/ring_completion.h"
#include "journal/ring_journal.h"
#include "runtime/sim/world.h"

namespace cairn::journal {
namespace {

constexpr uint64_t ring = 77;

// Memory that the test keeps, as a machine does.
class KeptMemory final : public SharedMemory {
  public:
    explicit KeptMemory(Bytes& bytes) : bytes_(bytes) {}
    MutableByteView view() override { return bytes_; }
    void remove() override { std::ranges::fill(bytes_, std::byte{0}); }

  private:
    Bytes& bytes_;
};

struct Staging : testing::Test {
    StagingArea open() { return StagingArea(std::make_unique<KeptMemory>(memory)); }

    Bytes memory = Bytes(4096 + 16 * kib);
};

Bytes letters(size_t count, char letter) {
    return Bytes(count, static_cast<std::byte>(letter));
}

std::string shown(const Result<std::vector<StagedRecord>>& records) {
    if (!records)
        return "corrupt";
    std::string text;
    for (const StagedRecord& record : *records) {
        text += std::to_string(record.group);
        text += record.is_empty_group ? '-' : static_cast<char>(record.fields.at(0));
        text += std::string(record.payload.size() / block_size, '+');
    }
    return text;
}

TEST_F(Staging, HoldsWhatIsNotWrittenYet) {
    StagingArea area = open();
    EXPECT_FALSE(area.session_of(ring));
    area.begin(ring, 3);
    EXPECT_EQ(area.session_of(ring), 3u);
    EXPECT_FALSE(area.session_of(ring + 1));
    EXPECT_TRUE(area.add(1, 5, letters(3, 'a'), letters(block_size, 'A')));
    EXPECT_TRUE(area.add(1, 5, letters(9, 'b'), {}));
    EXPECT_TRUE(area.add_empty(2));
    EXPECT_TRUE(area.add(3, 6, letters(8, 'c'), letters(2 * block_size, 'C')));
    EXPECT_EQ(shown(open().records()), "1a+1b2-3c++");
    const auto records = open().records();
    EXPECT_EQ((*records)[0].type, 5);
    EXPECT_EQ((*records)[1].fields, letters(9, 'b'));
    EXPECT_TRUE(std::ranges::equal((*records)[3].payload.view(), letters(2 * block_size, 'C')));
    area.written(1);
    EXPECT_EQ(shown(open().records()), "2-3c++");
    area.written(3);
    EXPECT_EQ(shown(open().records()), "");
    area.begin(ring, 4);
    EXPECT_EQ(open().session_of(ring), 4u);
}

TEST_F(Staging, RefusesWhatItHasNoRoomForAndWraps) {
    StagingArea area = open();
    area.begin(ring, 1);
    for (Sequence group = 1; group <= 50; group++) {
        EXPECT_TRUE(area.add(group, 1, letters(3, 'a'), letters(block_size, 'A')));
        EXPECT_TRUE(area.add(group, 1, letters(5, 'b'), letters(2 * block_size, 'B')));
        EXPECT_FALSE(area.add(group, 1, letters(3, 'c'), letters(block_size, 'C')));
        const std::string number = std::to_string(group);
        EXPECT_EQ(shown(open().records()), number + "a+" + number + "b++");
        EXPECT_TRUE(std::ranges::equal(open().records()->back().payload.view(),
                                       letters(2 * block_size, 'B')));
        area.written(group);
    }
}

TEST_F(Staging, NothingIsGuessed) {
    StagingArea area = open();
    area.begin(ring, 1);
    EXPECT_TRUE(area.add(1, 1, letters(20, 'a'), {}));
    const size_t entry = 4096;
    for (size_t at = 0; at < 40; at++) {
        memory[at] ^= std::byte{4};
        EXPECT_FALSE(open().session_of(ring)) << at;
        memory[at] ^= std::byte{4};
    }
    for (const size_t at : {size_t{64}, size_t{128}, entry, entry + 8, entry + 10, entry + 12,
                            entry + 16, entry + 20, entry + 24, entry + 32, entry + 51}) {
        memory[at] ^= std::byte{4};
        EXPECT_EQ(shown(open().records()), "corrupt") << at;
        memory[at] ^= std::byte{4};
    }
    EXPECT_EQ(shown(open().records()), "1a");
}

// Takes every record for whole.
class Counter final : public RecordVisitor {
  public:
    std::string seen;
    bool is_intact(const RecordView& record) override { return record.fields[0] != std::byte{'x'}; }
    Task<Result<void>> visit(const RecordView& record) override {
        seen += std::to_string(record.group) + static_cast<char>(record.fields[0]);
        co_return Result<void>();
    }
};

StagedRecord staged(Sequence group, char letter, uint32_t blocks = 0) {
    StagedRecord record;
    record.group = group;
    record.is_empty_group = letter == '-';
    record.type = 1;
    record.fields = letters(4, letter);
    record.payload = Buffer::zeroed(size_t{blocks} * block_size);
    return record;
}

struct Completed {
    std::string seen;
    Completion completion;
    Code code = Code::ok;
};

// A ring with groups 1 and 2, of which the second is written again.
Task<void> complete(Runtime& runtime, std::vector<StagedRecord> records, Completed& completed) {
    const Result<void> made = co_await RingFile::create(runtime, "/journal", 128 * kib);
    EXPECT_TRUE(made);
    for (std::vector<StagedRecord> part : {std::vector{staged(1, 'a'), staged(1, 'b', 2)},
                                           std::vector{staged(2, 'c')}, std::move(records)}) {
        auto file = co_await RingFile::open(runtime, "/journal");
        Counter counter;
        const auto done = co_await complete_ring(**file, std::move(part), counter);
        completed.code = done.code();
        completed.completion = done ? *done : Completion{};
    }
    auto file = co_await RingFile::open(runtime, "/journal");
    RingReader reader(**file);
    Counter counter;
    const auto end = co_await reader.replay(counter);
    EXPECT_TRUE(end && !end->cut);
    completed.seen = counter.seen;
}

Completed completed_with(std::vector<StagedRecord> records) {
    sim::World world(1);
    sim::Machine& machine = world.add_host({.name = "a", .addresses = {"10.0.0.1"}});
    Completed completed;
    const sim::Process& process = world.start(machine, "j", [&](Runtime& runtime) {
        return complete(runtime, std::move(records), completed);
    });
    EXPECT_TRUE(world.run_until([&] { return !process.running(); }, seconds(60)));
    return completed;
}

TEST(RingCompletion, GoesOnWhereTheRingEnds) {
    const Completed all = completed_with(
        {staged(2, 'c'), staged(3, '-'), staged(4, 'd', 1), staged(4, 'e'), staged(5, 'f')});
    EXPECT_EQ(all.seen, "1a1b2c4d4e5f");
    EXPECT_EQ(all.completion.groups, 3u);
    EXPECT_FALSE(all.completion.anything_lost);
}

TEST(RingCompletion, LeavesOutWhatDoesNotFollow) {
    const Completed gap = completed_with({staged(4, 'd')});
    EXPECT_EQ(gap.seen, "1a1b2c");
    EXPECT_TRUE(gap.completion.anything_lost);
    const Completed rotten = completed_with({staged(3, 'd'), staged(4, 'e'), staged(4, 'x')});
    EXPECT_EQ(rotten.seen, "1a1b2c3d");
    EXPECT_TRUE(rotten.completion.anything_lost);
    std::vector<StagedRecord> many;
    for (Sequence group = 3; group < 10; group++)
        many.push_back(staged(group, 'd', 8));
    EXPECT_EQ(completed_with(std::move(many)).code, Code::corrupt);
}

}  // namespace
}  // namespace cairn::journal
