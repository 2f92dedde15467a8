// A ring file's superblocks under power cuts: one of them is always good.
#include "journal/ring_file.h"

#include <gtest/gtest.h>

#include "runtime/sim/world.h"

namespace cairn::journal {
namespace {

constexpr const char* path = "/journal";

Task<void> make(Runtime& runtime, Code& code) {
    Result<void> made = co_await RingFile::create(runtime, path, ring_size_min);
    if (made)
        made = co_await runtime.disk.sync_directory("/");
    code = made.code();
}

// Until the power goes.
Task<void> update_for_ever(Runtime& runtime, Code& code) {
    Result<std::unique_ptr<RingFile>> file = co_await RingFile::open(runtime, path);
    code = file.code();
    while (file) {
        Superblock superblock = (*file)->superblock();
        superblock.start_sequence++;
        Result<void> updated = co_await (*file)->update(superblock);
        if (!updated)
            co_return;
    }
}

TEST(RingFile, ItsSuperblocksAreNeverBothTorn) {
    sim::FaultPlan plan = sim::FaultPlan::none();
    plan.disk.cut_loss = 0;
    plan.disk.cut_tear = 1'000'000;
    sim::World world(1, plan);
    sim::Machine& machine = world.add_host({.name = "host"});
    Code code = Code::cancelled;
    sim::Process& making =
        world.start(machine, "make", [&code](Runtime& runtime) { return make(runtime, code); });
    ASSERT_TRUE(world.run_until([&] { return !making.running(); }, seconds(10)));
    ASSERT_EQ(code, Code::ok);
    for (int cut = 0; cut < 500; cut++) {
        code = Code::cancelled;
        world.start(machine, "update",
                    [&code](Runtime& runtime) { return update_for_ever(runtime, code); });
        ASSERT_TRUE(world.run_until([&] { return code != Code::cancelled; }, seconds(10)));
        ASSERT_EQ(code, Code::ok) << "after " << cut << " power cuts";
        world.run_for({static_cast<int64_t>(world.random().below(2'000'000))});
        world.cut_power(machine);
        world.power_on(machine);
    }
}

}  // namespace
}  // namespace cairn::journal
