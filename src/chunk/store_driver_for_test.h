// For tests: a program that does random things to a chunk store and compares every answer with the
// model (store_model_for_test.h). The model outlives the program, which may be killed anywhere.
#pragma once

#include <memory>
#include <string>

#include "chunk/store.h"
#include "chunk/store_model_for_test.h"
#include "runtime/sim/world.h"

namespace cairn::chunk::test {

struct DriverOptions {
    StoreOptions store;
    uint64_t journal_size = 64 * kib;
    uint32_t operations = 60;
    uint32_t workers = 3;
    uint64_t chunk_size = 64 * kib;
    bool errors_expected = false;  // EIO and the like: a store may fail, nothing else may
    bool no_space_expected = false;
    bool no_verify = false;
    bool removals = true;
    bool durable_writes = true;  // some
    bool stop_at_end = false;
};

// What has happened since all was compared last.
enum class Since : uint8_t { unknown, stop, kill, power_cut };

class Driver {
  public:
    Driver(StoreModel& model, DriverOptions options, Random& random)
        : model_(model), options_(std::move(options)), random_(random) {}

    // Before each life: a program may be killed before it has done anything.
    void begin_life() {
        was_admitted_ = admitted;
        stop_was_begun_ = settled ? stop_begun : stop_was_begun_;
        stop_begun = false;
        settled = admitted = stopped = store_failed = last_open_failed = false;
    }
    // Opens the store (making it the first time), compares everything, then works.
    Task<void> run(Runtime& runtime, Since since);

    bool created = false;
    uint32_t opened = 0;
    bool settled = false;     // this life has compared everything
    bool admitted = false;    // and was believed again
    bool stop_begun = false;  // and was told to stop
    bool stopped = false;     // and was stopped in order
    StartReport last_report;
    bool memory_forgotten = false;  // that of a killed process
    bool last_open_failed = false;
    bool store_failed = false;  // it reported a failure of its disk
    uint64_t integrity_when_admitted = 0;
    uint64_t last_epoch = 0;
    uint64_t failures = 0;  // stores that ended because of their disk
    uint64_t refused_for_space = 0;
    uint64_t bad_blocks = 0;
    uint64_t placed_bytes = 0;
    uint64_t moved_slices = 0;

  private:
    Task<std::unique_ptr<ChunkStore>> open(Runtime& runtime, Since since);
    void check_report(Since since);
    Task<void> compare_all(Since since);
    Task<void> compare_chunk(ChunkId id, ChunkModel& chunk, bool held_survived);
    Task<void> worker(uint32_t operations);
    Task<void> one_operation();
    Task<void> write_some();
    Task<void> zero_some();
    Task<void> read_some();
    Task<void> read_table();
    // What a flush that begins now makes durable.
    struct Answered {
        std::vector<std::pair<BlockHistory*, uint64_t>> blocks;
        std::vector<std::pair<Growing*, uint64_t>> grown;
        uint64_t removals = 0;
    };
    [[nodiscard]] Answered answered_so_far();
    void is_durable(const Answered& answered);
    Task<void> flush_all();
    Task<void> raise_version();
    Task<void> raise_epoch();
    Task<void> raise_position();
    Task<void> make_chunk();
    Task<void> remove_chunk();

    struct Target {
        ChunkId chunk;
        ChunkModel* model = nullptr;
        uint32_t first = 0;
        uint32_t count = 0;
    };
    // Blocks that nobody is busy with, now busy; count 0 if there are none.
    Target pick(uint32_t count_max);
    Target pick_slices();
    Target claim(Target target);
    Target pick_any(uint32_t count_max);  // busy or not
    void let_go(const Target& target);
    WriteTag tag_for(const Target& target);
    void note_answer(const Target& target, const WriteTag& tag, uint64_t serial,
                     const Result<void>& outcome);
    // Whether an error may be: then the operation's outcome is unknown.
    bool accept(const Error& error, const char* what);

    StoreModel& model_;
    DriverOptions options_;
    Random& random_;
    Runtime* runtime_ = nullptr;
    uint64_t removals_ = 0;
    StoreCounters counted_;  // of this life
    bool was_admitted_ = false;
    bool stop_was_begun_ = false;
    ChunkStore* store_ = nullptr;  // owned by run()'s frame: it goes when the process does
};

}  // namespace cairn::chunk::test
