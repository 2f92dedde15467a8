// Program: a process on the real runtime. `run_program` is all of a main(): it makes the Machine,
// turns signals into events, runs `body` until it returns, and gives its exit code:
//     Task<int> serve(Program& program);   // returns soon after program.stop() is set
//     int main() { return run_program({}, serve); }
#pragma once

#include <functional>
#include <string>

#include "runtime/real/machine.h"
#include "runtime/real/service_manager.h"
#include "runtime/real/signals.h"

namespace cairn::real {

class Program {
  public:
    Program(Machine& machine, Signals& signals, ServiceManager& service_manager)
        : machine_(machine), signals_(signals), service_manager_(service_manager) {}

    [[nodiscard]] Runtime& runtime() { return machine_.runtime(); }
    // Set by SIGINT and SIGTERM: end what is under way and return.
    [[nodiscard]] Event& stop() { return signals_.stop(); }
    // Notified by SIGHUP.
    [[nodiscard]] Condition& reload() { return signals_.reload(); }
    [[nodiscard]] ServiceManager& service_manager() { return service_manager_; }
    // Absolute; what a user's relative paths start from.
    [[nodiscard]] static std::string working_directory();

  private:
    Machine& machine_;
    Signals& signals_;
    ServiceManager& service_manager_;
};

struct ProgramOptions {
    MachineOptions machine = {};
    // False for commands that have nothing to put in order: stop() is never set, and signals do
    // what they do to any process.
    bool handle_signals = true;
};

// Everything that `body` started must have ended when it returns. Fails with exit code 1 and a
// message on standard error where there can be no runtime.
int run_program(const ProgramOptions& options, std::function<Task<int>(Program&)> body);

}  // namespace cairn::real
