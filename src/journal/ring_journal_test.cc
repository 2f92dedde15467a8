// The ring by itself: order, group commit, backpressure, wrapping, failure; and against a twin that
// remembers what was held and what was durable when the process or the power went.
#include "journal/ring_journal.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <map>

#include "base/checksum.h"
#include "runtime/sim/world.h"

namespace cairn::journal {
namespace {

constexpr const char* path = "/journal";
constexpr uint16_t numbered = 1;

// A record is a number; its payload, if there is one, is blocks full of it.
Bytes fields_of(uint64_t number, uint32_t blocks) {
    Bytes fields;
    ByteWriter writer(fields);
    writer.put(number);
    writer.put(blocks);
    return fields;
}

Buffer payload_of(uint64_t number, uint32_t blocks) {
    Buffer payload = Buffer::zeroed(size_t{blocks} * block_size);
    for (size_t at = 0; at < payload.size(); at += sizeof number)
        std::memcpy(payload.mutable_view().data() + at, &number, sizeof number);
    return payload;
}

class Collector final : public RecordVisitor {
  public:
    std::vector<uint64_t> numbers;

    bool is_intact(const RecordView& record) override {
        ByteReader reader(record.fields);
        const auto number = reader.read<uint64_t>();
        const auto blocks = reader.read<uint32_t>();
        return reader.finished() && record.type == numbered &&
               record.payload.size() == size_t{blocks} * block_size &&
               std::ranges::equal(record.payload, payload_of(number, blocks).view());
    }
    Task<Result<void>> visit(const RecordView& record) override {
        numbers.push_back(ByteReader(record.fields).read<uint64_t>());
        co_return Result<void>();
    }
};

struct Opened {
    std::unique_ptr<RingJournal> journal;
    RingEnd end;
    std::vector<uint64_t> numbers;
    Code code = Code::ok;
};

Task<Opened> open_ring(Runtime& runtime) {
    Opened opened;
    Result<std::unique_ptr<RingFile>> file = co_await RingFile::open(runtime, path);
    opened.code = file.code();
    if (!file)
        co_return opened;
    Collector collector;
    RingReader reader(**file);
    const Result<RingEnd> end = co_await reader.replay(collector);
    opened.code = end.code();
    if (!end)
        co_return opened;
    opened.end = *end;
    opened.numbers = std::move(collector.numbers);
    opened.journal = std::make_unique<RingJournal>(runtime, std::move(*file), *end, RingOptions{});
    const Result<void> started = co_await opened.journal->start();
    opened.code = started.code();
    if (!started) {
        co_await opened.journal->stop();
        opened.journal.reset();
    }
    co_return opened;
}

Task<Result<Sequence>> append(RingJournal& journal, uint64_t number, uint32_t blocks) {
    const Bytes fields = fields_of(number, blocks);
    const uint64_t space = RingJournal::record_space(fields.size(), size_t{blocks} * block_size);
    CO_TRY(co_await journal.reserve(space));
    co_return journal.append(numbered, fields, payload_of(number, blocks), space);
}

class Ring : public testing::Test {
  protected:
    void run(sim::Main main) {
        const sim::Process& process = world_.start(machine_, "j", std::move(main));
        EXPECT_TRUE(world_.run_until([&] { return !process.running(); }, seconds(600)));
    }

    sim::World world_{1};
    sim::Machine& machine_ = world_.add_host({.name = "a", .addresses = {"10.0.0.1"}});
};

Task<void> use_in_order(Runtime& runtime) {
    const Result<void> made = co_await RingFile::create(runtime, path, 64 * kib);
    EXPECT_TRUE(made);
    Opened ring = co_await open_ring(runtime);
    EXPECT_TRUE(ring.numbers.empty());
    Sequence last = 0;
    for (uint64_t number = 1; number <= 3; number++) {
        const Result<Sequence> sequence = co_await append(*ring.journal, number, 0);
        EXPECT_TRUE(sequence);
        EXPECT_GT(*sequence, ring.journal->held_through());
        last = *sequence;
    }
    // All that was appended in one turn is one group.
    EXPECT_EQ(last, 1u);
    Result<void> done = co_await ring.journal->wait_held(last);
    EXPECT_TRUE(done);
    EXPECT_LT(ring.journal->durable_through(), last);
    done = co_await ring.journal->flush();
    EXPECT_TRUE(done);
    EXPECT_EQ(ring.journal->durable_through(), last);
    co_await ring.journal->stop();
    ring = co_await open_ring(runtime);
    EXPECT_EQ(ring.numbers, (std::vector<uint64_t>{1, 2, 3}));
    EXPECT_FALSE(ring.end.cut);
    done = co_await ring.journal->trim(ring.journal->cut());
    EXPECT_TRUE(done);
    co_await ring.journal->stop();
    ring = co_await open_ring(runtime);
    EXPECT_TRUE(ring.numbers.empty());
    co_await ring.journal->stop();
}

TEST_F(Ring, KeepsWhatWasAppendedInOrder) {
    run(use_in_order);
}

Task<void> trim_later(Runtime& runtime, RingJournal& journal, bool& trimmed) {
    co_await Sleep(runtime.loop, milliseconds(50));
    trimmed = true;
    const Result<void> done = co_await journal.trim(journal.held_through() + 1);
    EXPECT_TRUE(done);
}

Task<void> fill_ring(Runtime& runtime) {
    const Result<void> made = co_await RingFile::create(runtime, path, 64 * kib);
    EXPECT_TRUE(made);
    Opened ring = co_await open_ring(runtime);
    // 14 blocks, two of them kept back, two for a record with one block of payload.
    bool trimmed = false;
    for (uint64_t number = 1; number <= 6; number++) {
        const Result<Sequence> sequence = co_await append(*ring.journal, number, 1);
        EXPECT_TRUE(sequence);
        const Result<void> held = co_await ring.journal->wait_held(*sequence);
        EXPECT_TRUE(held);
    }
    EXPECT_FALSE(ring.journal->try_reserve(2 * block_size));
    Scope scope(runtime.loop);
    scope.spawn(trim_later(runtime, *ring.journal, trimmed));
    const Result<Sequence> waited = co_await append(*ring.journal, 7, 1);
    EXPECT_TRUE(waited);
    EXPECT_TRUE(trimmed);
    co_await scope.join();
    const Result<void> never = co_await ring.journal->reserve(64 * kib);
    EXPECT_EQ(never.code(), Code::too_large);
    // Many times around, groups across the end among them.
    for (uint64_t number = 8; number <= 60; number++) {
        const uint32_t blocks = number % 4;
        const Result<Sequence> sequence = co_await append(*ring.journal, number, blocks);
        EXPECT_TRUE(sequence);
        Result<void> done = co_await ring.journal->flush_through(*sequence);
        EXPECT_TRUE(done);
        done = co_await ring.journal->trim(*sequence);
        EXPECT_TRUE(done);
    }
    co_await ring.journal->stop();
    ring = co_await open_ring(runtime);
    EXPECT_EQ(ring.numbers, std::vector<uint64_t>{60});
    co_await ring.journal->stop();
}

TEST_F(Ring, WaitsForSpaceAndWraps) {
    run(fill_ring);
}

Task<void> break_writes(Runtime& runtime, sim::DiskDevice& disk) {
    const Result<void> made = co_await RingFile::create(runtime, path, 64 * kib);
    EXPECT_TRUE(made);
    Opened ring = co_await open_ring(runtime);
    Result<Sequence> sequence = co_await append(*ring.journal, 1, 0);
    Result<void> done = co_await ring.journal->flush_through(*sequence);
    EXPECT_TRUE(done);
    sim::DiskFaults faults;
    faults.write_error = 1'000'000;
    disk.set_faults(faults);
    sequence = co_await append(*ring.journal, 2, 0);
    done = co_await ring.journal->wait_held(*sequence);
    EXPECT_EQ(done.code(), Code::io_error);
    disk.heal();
    // For ever, whatever the disk says now.
    done = co_await ring.journal->flush();
    EXPECT_EQ(done.code(), Code::io_error);
    done = co_await ring.journal->reserve(block_size);
    EXPECT_EQ(done.code(), Code::io_error);
    EXPECT_FALSE(ring.journal->try_reserve(block_size));
    done = co_await ring.journal->trim(1);
    EXPECT_EQ(done.code(), Code::io_error);
    co_await ring.journal->stop();
    ring = co_await open_ring(runtime);
    EXPECT_EQ(ring.numbers, std::vector<uint64_t>{1});
    co_await ring.journal->stop();
}

TEST_F(Ring, AFailedWriteIsFinal) {
    sim::DiskDevice& disk = *machine_.disks().front();
    run([&disk](Runtime& runtime) { return break_writes(runtime, disk); });
}

// The twin: numbers in the order in which they were appended.
struct RingModel {
    bool made = false;
    uint64_t next = 1;
    uint64_t held = 0;
    uint64_t durable = 0;
    uint64_t first = 1;  // those before were trimmed, or may have been
    bool cut_power = false;
    uint32_t opened = 0;
    std::vector<std::string> failures;
};

void compare(RingModel& model, const Opened& ring) {
    const std::vector<uint64_t>& numbers = ring.numbers;
    for (size_t i = 1; i < numbers.size(); i++) {
        if (numbers[i] != numbers[i - 1] + 1)
            model.failures.push_back("numbers are missing or out of order");
    }
    const uint64_t first = numbers.empty() ? UINT64_MAX : numbers.front();
    const uint64_t last = numbers.empty() ? 0 : numbers.back();
    const uint64_t kept = model.cut_power ? model.durable : model.held;
    if (kept >= model.first && last < kept)
        model.failures.push_back("what was " + std::string(model.cut_power ? "flushed" : "held") +
                                 " is gone");
    if (!numbers.empty() && first > model.first && model.first <= kept)
        model.failures.push_back("the start is gone");
    if (last >= model.next)
        model.failures.push_back("a number from the future");
    // What is there now is durable, and what was lost never comes back.
    model.next = std::max(last, model.first - 1) + 1;
    model.held = model.durable = model.next - 1;
}

Task<void> append_some(RingModel& model, Random& random, Opened& ring,
                       std::map<Sequence, uint64_t>& first_of) {
    for (int i = 0; i < 40; i++) {
        const auto blocks = static_cast<uint32_t>(random.below(4));
        const uint64_t number = model.next;
        const Bytes fields = fields_of(number, blocks);
        const uint64_t space =
            RingJournal::record_space(fields.size(), size_t{blocks} * block_size);
        if (!ring.journal->try_reserve(space)) {
            // Give back the older half.
            const Result<void> flushed = co_await ring.journal->flush();
            EXPECT_TRUE(flushed);
            model.durable = std::max(model.durable, model.held);
            const Sequence keep = ring.journal->held_through() + 1;
            const auto kept = first_of.lower_bound(keep);
            model.first = kept == first_of.end() ? model.next : kept->second;
            const Result<void> trimmed = co_await ring.journal->trim(keep);
            EXPECT_TRUE(trimmed);
            continue;
        }
        model.next++;
        const Sequence sequence =
            ring.journal->append(numbered, fields, payload_of(number, blocks), space);
        first_of.emplace(sequence, number);
        if (random.below(3) == 0)
            continue;
        Result<void> done = co_await ring.journal->wait_held(sequence);
        EXPECT_TRUE(done);
        model.held = std::max(model.held, number);
        if (random.below(3) == 0) {
            const uint64_t held = model.held;
            done = co_await ring.journal->flush();
            EXPECT_TRUE(done);
            model.durable = std::max(model.durable, held);
        }
    }
}

Task<void> live(RingModel& model, Random& random, Runtime& runtime) {
    // As its user would: a killed process's writes land before its lock is free.
    Result<std::unique_ptr<FileLock>> lock = runtime.disk.lock("/lock");
    while (!lock) {
        co_await Sleep(runtime.loop, milliseconds(1));
        lock = runtime.disk.lock("/lock");
    }
    if (!model.made) {
        const Result<void> removed = co_await runtime.disk.remove(path);
        EXPECT_TRUE(removed || removed.code() == Code::not_found);
        const Result<void> made = co_await RingFile::create(runtime, path, 64 * kib);
        EXPECT_TRUE(made);
        const Result<void> synced = co_await runtime.disk.sync_directory("/");
        EXPECT_TRUE(synced);
        model.made = true;
    }
    Opened ring = co_await open_ring(runtime);
    if (ring.code != Code::ok) {
        model.failures.push_back("it does not open");
        co_return;
    }
    compare(model, ring);
    model.cut_power = false;
    model.opened++;
    std::map<Sequence, uint64_t> first_of;
    co_await append_some(model, random, ring, first_of);
    co_await Sleep(runtime.loop, seconds(1000));
}

TEST(RingTwin, KillsAndPowerCuts) {
    uint32_t opened = 0;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        sim::World world(seed);
        Random& random = world.random();
        sim::FaultPlan plan = sim::FaultPlan::none();
        plan.disk.cut_loss = static_cast<uint32_t>(random.below(1'000'001));
        plan.disk.cut_tear = static_cast<uint32_t>(random.below(1'000'001));
        plan.disk.short_read = random.below(2) == 0 ? 100'000 : 0;
        plan.disk.short_write = random.below(2) == 0 ? 100'000 : 0;
        plan.disk.late_write = random.below(2) == 0 ? 500'000 : 0;
        world.set_faults(plan);
        sim::Machine& machine = world.add_host({.name = "a", .addresses = {"10.0.0.1"}});
        RingModel model;
        for (int i = 0; i < 5 && model.failures.empty(); i++) {
            sim::Process& process = world.start(
                machine, "j", [&](Runtime& runtime) { return live(model, random, runtime); });
            world.run_for(microseconds(static_cast<int64_t>(random.below(40'000))));
            if (random.below(2) == 0) {
                world.kill(process);
            } else {
                model.cut_power = true;
                world.cut_power(machine);
                world.power_on(machine);
            }
        }
        opened += model.opened;
        ASSERT_TRUE(model.failures.empty()) << "seed " << seed << ": " << model.failures.front();
    }
    EXPECT_GT(opened, 2000u);
}

}  // namespace
}  // namespace cairn::journal
