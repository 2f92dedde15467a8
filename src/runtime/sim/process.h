// Process: a simulated program run: its loops, its main task, and what it holds of its host. Owned
// by World, for good: after its end it only tells that it has ended. When it is killed, its frames
// go as they stand, the newest task of a scope first: an object that owns a Scope declares it after
// what the scope's tasks use.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/mailbox.h"
#include "runtime/runtime.h"
#include "runtime/sim/thread.h"

namespace cairn::sim {

class Process;
using Main = std::move_only_function<Task<void>(Runtime&)>;
using ProcessMain = std::move_only_function<Task<void>(Process&)>;

struct ProcessOptions {
    size_t loops = 1;
    std::string working_directory = "/";
};

class Process {
  public:
    Process(Core& core, Fabric& fabric, Machine& machine, std::string name, uint64_t incarnation,
            const ProcessOptions& options, ProcessMain main);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Machine& machine() { return machine_; }
    [[nodiscard]] uint64_t incarnation() const { return incarnation_; }
    // False once main has returned, or the process was killed.
    [[nodiscard]] bool running() const { return running_; }

    // What the program itself uses; only while it runs.
    [[nodiscard]] size_t loops() const { return threads_.size(); }
    [[nodiscard]] Runtime& runtime(size_t loop = 0) { return threads_.at(loop)->runtime; }
    // Used by code on loop `from`.
    [[nodiscard]] Mailbox& mailbox(size_t from, size_t to);

    // For World.
    [[nodiscard]] LoopDriver& driver(size_t loop) { return threads_.at(loop)->driver; }
    void end(Ending ending);
    void stall_until(SimTime time);
    void reschedule();

  private:
    static Task<void> run_main(Process& process);

    Core& core_;
    Machine& machine_;
    std::string name_;
    uint64_t incarnation_;
    bool running_ = true;
    std::unique_ptr<ProcessMain> main_;
    Holdings holdings_;
    std::vector<std::unique_ptr<Thread>> threads_;
    std::map<std::pair<size_t, size_t>, std::unique_ptr<Mailbox>> mailboxes_;
    std::unique_ptr<Scope> scope_;
    Alarm returned_;
};

}  // namespace cairn::sim
