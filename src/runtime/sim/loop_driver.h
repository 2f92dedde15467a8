// LoopDriver: runs one simulated loop's turns in virtual time. A turn comes a little after
// something made the loop ready, takes a little time itself, and waits while its process or host is
// stopped: by how much, the seed decides, and so it decides which of several loops runs first.
#pragma once

#include <coroutine>
#include <functional>
#include <vector>

#include "runtime/io.h"
#include "runtime/loop.h"
#include "runtime/sim/core.h"
#include "runtime/sim/held.h"

namespace cairn::sim {

class Machine;

class LoopDriver final : private SimEvent {
  public:
    LoopDriver(Core& core, Machine& machine, Holdings& holdings, std::string who);

    [[nodiscard]] Loop& loop() { return loop_; }
    [[nodiscard]] Core& core() { return core_; }
    [[nodiscard]] Machine& machine() { return machine_; }
    [[nodiscard]] Holdings& holdings() { return holdings_; }
    [[nodiscard]] const std::string& who() const { return who_; }
    [[nodiscard]] Duration cpu() const { return cpu_; }

    void resume(std::coroutine_handle<> handle) {
        loop_.post(handle);
        wake();
    }
    void complete(IoOperation& operation, int64_t result) { resume(operation.complete(result)); }
    // Runs `work` in the next turn.
    void deliver(std::move_only_function<void()> work);
    // Something outside of a turn made the loop ready.
    void wake();
    // No turn runs before `time`.
    void stall_until(SimTime time);
    // Timers are due at other times than before: the host's clock changed its pace.
    void reschedule();
    // When what the running turn asks for reaches the kernel: later than now if the process was
    // stopped in between.
    [[nodiscard]] SimTime submit_time() const { return core_.now() + submit_delay_; }
    void abandon();

  private:
    void fire() override;
    [[nodiscard]] Duration stall_in_turn();

    Core& core_;
    Machine& machine_;
    Holdings& holdings_;
    std::string who_;
    uint64_t number_;
    Loop loop_;
    std::vector<std::move_only_function<void()>> inbox_;
    SimTime busy_until_;
    Duration submit_delay_;
    Duration cpu_;
};

}  // namespace cairn::sim
