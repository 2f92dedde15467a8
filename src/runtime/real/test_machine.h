// For tests of the real runtime: a Machine, an empty directory that goes with the test, and a way
// to run one task to its end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "runtime/real/machine.h"

namespace cairn::real {

class TestMachine {
  public:
    explicit TestMachine(const MachineOptions& options = {}) : machine_(make(options)) {}
    TestMachine(const TestMachine&) = delete;
    TestMachine& operator=(const TestMachine&) = delete;
    ~TestMachine() {
        std::error_code ignored;
        if (!directory_.empty())
            std::filesystem::remove_all(directory_, ignored);
    }

    void run(Task<void> task) { machine_->reactor().run(std::move(task)); }
    [[nodiscard]] Runtime& runtime() { return machine_->runtime(); }
    [[nodiscard]] Reactor& reactor() { return machine_->reactor(); }
    [[nodiscard]] Loop& loop() { return machine_->runtime().loop; }
    [[nodiscard]] std::string path(const std::string& name) {
        if (directory_.empty())
            directory_ = make_directory();
        return directory_ + "/" + name;
    }

  private:
    static std::unique_ptr<Machine> make(const MachineOptions& options) {
        Result<std::unique_ptr<Machine>> machine = Machine::create(options);
        CHECK_NOTE(machine.has_value(), "these tests need io_uring");
        return std::move(*machine);
    }
    static std::string make_directory() {
        // Not /tmp by default: it may be a file system in memory, and these tests are about disks.
        const char* const chosen = std::getenv("CAIRN_TEST_DIR");
        std::string name = (chosen != nullptr ? std::string(chosen) : "/var/tmp") + "/cairn-XXXXXX";
        CHECK_NOTE(::mkdtemp(name.data()) != nullptr, "no directory for tests");
        return name;
    }

    std::unique_ptr<Machine> machine_;
    std::string directory_;  // empty: not asked for yet
};

}  // namespace cairn::real
