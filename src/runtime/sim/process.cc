#include "runtime/sim/process.h"

#include <deque>

namespace cairn::sim {

namespace {

constexpr Duration start_delay_max = milliseconds(5);
constexpr Duration mailbox_delay_max = microseconds(50);
// Now and then the sending thread loses its processor halfway through.
constexpr Duration mailbox_long_delay_max = milliseconds(5);

class SimMailbox final : public Mailbox {
  public:
    SimMailbox(LoopDriver& from, LoopDriver& to)
        : from_(from), to_(to), arrival_(from.core().queue, [this] { arrive(); }) {}

    void post(std::move_only_function<void()> work) override {
        Core& core = from_.core();
        Duration delay = Core::between(core.random, {}, mailbox_delay_max);
        if (core.random.below(64) == 0) {
            core.fault("mailbox delay", to_.who());
            delay = Core::between(core.random, {}, mailbox_long_delay_max);
        }
        SimTime time = from_.submit_time() + delay;
        if (!under_way_.empty())
            time = std::max(time, under_way_.back().time);
        under_way_.push_back({time, std::move(work)});
        if (under_way_.size() == 1)
            arrival_.at(time);
    }

  private:
    struct Item {
        SimTime time;
        std::move_only_function<void()> work;
    };

    void arrive() {
        while (!under_way_.empty() && under_way_.front().time <= from_.core().now()) {
            to_.deliver(std::move(under_way_.front().work));
            under_way_.pop_front();
        }
        if (!under_way_.empty())
            arrival_.at(under_way_.front().time);
    }

    LoopDriver& from_;
    LoopDriver& to_;
    std::deque<Item> under_way_;
    Alarm arrival_;
};

}  // namespace

Process::Process(Core& core, Fabric& fabric, Machine& machine, std::string name,
                 uint64_t incarnation, const ProcessOptions& options, ProcessMain main)
    : core_(core),
      machine_(machine),
      name_(std::move(name)),
      incarnation_(incarnation),
      main_(std::make_unique<ProcessMain>(std::move(main))),
      returned_(core.queue, [this] { end(Ending::exited); }) {
    CHECK_NOTE(options.loops > 0, "a process has at least one loop");
    const std::string who = machine.name() + "/" + name_;
    for (size_t i = 0; i < options.loops; i++) {
        const std::string thread_name = i == 0 ? who : who + "+" + std::to_string(i);
        threads_.push_back(std::make_unique<Thread>(core, machine, fabric, holdings_, thread_name,
                                                    options.working_directory,
                                                    core.seed_for(thread_name, incarnation)));
    }
    scope_ = std::make_unique<Scope>(threads_.front()->runtime.loop);
    scope_->spawn(run_main(*this));
    const SimTime start = core.now() + Core::between(core.random, {}, start_delay_max);
    stall_until(std::max(start, machine.stalled_until()));
}

Process::~Process() {
    if (running_)
        end(Ending::killed);
}

Task<void> Process::run_main(Process& process) {
    co_await (*process.main_)(process);
    process.returned_.at(process.core_.now());
}

Mailbox& Process::mailbox(size_t from, size_t to) {
    std::unique_ptr<Mailbox>& mailbox = mailboxes_[{from, to}];
    if (mailbox == nullptr)
        mailbox = std::make_unique<SimMailbox>(threads_.at(from)->driver, threads_.at(to)->driver);
    return *mailbox;
}

void Process::end(Ending ending) {
    CHECK_NOTE(!core_.in_turn, "a process cannot be killed from inside a program: schedule it");
    if (!running_)
        return;
    running_ = false;
    returned_.cancel();
    core_.trace.record(core_.now(), TraceKind::world, machine_.number(), incarnation_,
                       static_cast<uint64_t>(ending));
    if (core_.trace.wanted())
        core_.trace.say(core_.now(), machine_.name() + "/" + name_,
                        ending == Ending::exited ? "ends" : "is killed");
    holdings_.process_gone(ending);
    for (const std::unique_ptr<Thread>& thread : threads_)
        thread->driver.abandon();
    mailboxes_.clear();
    scope_.reset();
    main_.reset();
    threads_.clear();
}

void Process::stall_until(SimTime time) {
    for (const std::unique_ptr<Thread>& thread : threads_)
        thread->driver.stall_until(time);
}

void Process::reschedule() {
    for (const std::unique_ptr<Thread>& thread : threads_)
        thread->driver.reschedule();
}

}  // namespace cairn::sim
