#include "runtime/sim/loop_driver.h"

#include <algorithm>
#include <utility>

#include "runtime/sim/machine.h"

namespace cairn::sim {

namespace {

constexpr Duration wake_delay_max = microseconds(20);
constexpr Duration turn_cost_max = microseconds(10);
constexpr Duration timer_slack_max = microseconds(60);

}  // namespace

LoopDriver::LoopDriver(Core& core, Machine& machine, Holdings& holdings, std::string who)
    : SimEvent(core.queue),
      core_(core),
      machine_(machine),
      holdings_(holdings),
      who_(std::move(who)),
      number_(core.next_number++) {}

void LoopDriver::deliver(std::move_only_function<void()> work) {
    inbox_.push_back(std::move(work));
    wake();
}

void LoopDriver::wake() {
    if (loop_.abandoned())
        return;
    const SimTime soon = core_.now() + Core::between(core_.random, {}, wake_delay_max);
    const SimTime time = std::max(soon, busy_until_);
    if (!scheduled() || due() > time)
        at(time);
}

void LoopDriver::stall_until(SimTime time) {
    busy_until_ = std::max(busy_until_, time);
    reschedule();
}

void LoopDriver::reschedule() {
    if (loop_.abandoned())
        return;
    if (loop_.has_ready() || !inbox_.empty()) {
        at(busy_until_);
        return;
    }
    const SimTime timer = machine_.clock().when(loop_.next_deadline());
    if (timer == SimTime::never())
        cancel();
    else
        at(std::max(timer + Core::between(core_.random, {}, timer_slack_max), busy_until_));
}

void LoopDriver::abandon() {
    loop_.abandon();
    inbox_.clear();
    cancel();
}

Duration LoopDriver::stall_in_turn() {
    if (!Core::strikes(core_.random, core_.faults.host.stall))
        return {};
    core_.fault("stall in a turn", who_);
    return Core::between(core_.random, {}, core_.faults.host.stall_max);
}

void LoopDriver::fire() {
    const SimTime now = core_.now();
    if (now < busy_until_) {
        at(busy_until_);
        return;
    }
    submit_delay_ = stall_in_turn();
    core_.in_turn = true;
    core_.clock_reads_in_turn = 0;
    loop_.advance(machine_.clock().monotonic(now));
    std::vector<std::move_only_function<void()>> work;
    work.swap(inbox_);
    for (std::move_only_function<void()>& item : work)
        item();
    loop_.run_turn();
    core_.in_turn = false;
    core_.trace.record(now, TraceKind::turn, number_);
    const Duration cost = Core::between(core_.random, microseconds(1), turn_cost_max);
    cpu_ = cpu_ + cost;
    busy_until_ = now + submit_delay_ + cost;
    submit_delay_ = {};
    reschedule();
}

}  // namespace cairn::sim
