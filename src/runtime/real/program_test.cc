// What surrounds a program: signals, the service manager, clock, randomness, host and log.
#include "runtime/real/program.h"

#include <csignal>
#include <cstddef>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/real/test_machine.h"

namespace cairn::real {
namespace {

Task<void> count_reloads(Program& program, int& reloads) {
    while (!program.stop().is_set()) {
        const bool asked =
            co_await program.reload().wait_until(program.runtime().loop.now() + milliseconds(50));
        if (asked)
            reloads++;
    }
}

Task<int> reload_and_stop(Program& program) {
    int reloads = 0;
    Loop& loop = program.runtime().loop;
    Scope scope(loop);
    scope.spawn(count_reloads(program, reloads));
    co_await Sleep(loop, milliseconds(5));
    ::raise(SIGPIPE);
    ::kill(::getpid(), SIGHUP);
    for (int wait_ms = 0; reloads == 0 && wait_ms < 10'000; wait_ms++)
        co_await Sleep(loop, milliseconds(1));
    EXPECT_EQ(reloads, 1);
    EXPECT_FALSE(program.stop().is_set());
    ::kill(::getpid(), SIGTERM);
    const bool stopped = co_await program.stop().wait_until(loop.now() + seconds(5));
    EXPECT_TRUE(stopped);
    co_await scope.join();
    co_return 7;
}

TEST(Program, SignalsAreEvents) {
    EXPECT_EQ(run_program({.machine = {.log_least = Severity::error}}, reload_and_stop), 7);
    EXPECT_EQ(run_program({.machine = {.log_least = Severity::error}}, reload_and_stop), 7);
}

Task<int> never_stop(Program& program) {
    ::kill(::getpid(), SIGTERM);
    co_await program.stop().wait();
    ::kill(::getpid(), SIGTERM);
    co_await Sleep(program.runtime().loop, seconds(30));
    co_return 0;
}

TEST(ProgramDeathTest, ASecondSignalEndsAStopThatHangs) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(std::exit(run_program({}, never_stop)), testing::ExitedWithCode(128 + SIGTERM),
                "ending at once");
}

Task<int> wait_for_interruption(Program& program) {
    ::kill(::getpid(), SIGINT);
    co_await program.stop().wait();
    co_return 0;
}

void run_interrupted_command() {
    // A shell starts what runs in its background with interruptions ignored.
    std::signal(SIGINT, SIG_DFL);
    run_program({.handle_signals = false}, wait_for_interruption);
}

TEST(ProgramDeathTest, ACommandIsEndedByASignal) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(run_interrupted_command(), testing::KilledBySignal(SIGINT), "");
}

// Lets io_uring_setup fail, as a container's seccomp profile or the sysctl does.
void forbid_io_uring(int error) {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{.len = std::size(rules), .filter = rules};
    CHECK(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

void run_without_io_uring(int error) {
    forbid_io_uring(error);
    std::exit(run_program({}, wait_for_interruption));
}

TEST(ProgramDeathTest, SaysWhatToDoWhereIoUringIsForbidden) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(run_without_io_uring(EPERM), testing::ExitedWithCode(1),
                "io_uring is forbidden here. Set `sysctl kernel.io_uring_disabled=0`");
    EXPECT_EXIT(run_without_io_uring(ENOSYS), testing::ExitedWithCode(1), "Linux 6.1 or later");
}

class NotifySocket {
  public:
    explicit NotifySocket(const std::string& path)
        : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        CHECK(::bind(descriptor_.number(), reinterpret_cast<const sockaddr*>(&address),
                     sizeof address) == 0);
    }
    std::string receive() {
        char text[256];
        const ssize_t size = ::recv(descriptor_.number(), text, sizeof text, 0);
        return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
    }

  private:
    Descriptor descriptor_;
};

Task<void> set_after(Loop& loop, Event& event, Duration duration) {
    co_await Sleep(loop, duration);
    event.set();
}

Task<void> feed(Runtime& runtime, ServiceManager& manager) {
    Event stop(runtime.loop);
    Scope scope(runtime.loop);
    scope.spawn(set_after(runtime.loop, stop, milliseconds(100)));
    co_await manager.keep_alive(runtime.loop, stop);
    co_await scope.join();
}

TEST(ServiceManager, TellsSystemd) {
    TestMachine machine;
    NotifySocket socket(machine.path("notify"));
    ServiceManager manager(machine.path("notify"), milliseconds(40));
    manager.ready();
    EXPECT_EQ(socket.receive(), "READY=1");
    manager.status("two\nlines");
    EXPECT_EQ(socket.receive(), "STATUS=two lines");
    machine.run(feed(machine.runtime(), manager));
    int fed = 0;
    while (socket.receive() == "WATCHDOG=1")
        fed++;
    EXPECT_GE(fed, 2);  // on a busy machine; 5 on a quiet one
    EXPECT_LE(fed, 6);
    manager.stopping();
    EXPECT_EQ(socket.receive(), "STOPPING=1");
}

TEST(ServiceManager, IsSilentWithoutOne) {
    TestMachine machine;
    ServiceManager manager("", Duration{});
    manager.ready();
    machine.run(feed(machine.runtime(), manager));
}

TEST(RealClock, GoesOn) {
    RealClock clock;
    const Instant before = clock.now();
    const WallTime wall = clock.wall_now();
    EXPECT_GT(wall, WallTime{} /* 1970 */);
    EXPECT_GE(clock.now(), before);
}

TEST(RealRandom, DiffersEachTime) {
    RealRandom first;
    RealRandom second;
    EXPECT_NE(first.next(), second.next());
    Bytes key(1000);
    Bytes other(1000);
    first.fill(key);
    first.fill(other);
    EXPECT_NE(key, other);
    EXPECT_NE(key, Bytes(1000));
}

TEST(RealHost, KnowsItself) {
    RealHost host;
    EXPECT_FALSE(host.name().empty());
    EXPECT_EQ(host.boot_id(), RealHost().boot_id());
    EXPECT_NE(host.boot_id(), 0u);
    EXPECT_GT(host.usage().resident_bytes, 100'000u);
    EXPECT_GT(host.usage().cpu, Duration{});
}

std::string captured(StderrLog& log, Severity severity, std::string_view text) {
    testing::internal::CaptureStderr();
    log.write(severity, "cs", text);
    return testing::internal::GetCapturedStderr();
}

TEST(StderrLog, WritesLinesForPeople) {
    ::unsetenv("JOURNAL_STREAM");
    StderrLog log(Severity::info);
    EXPECT_EQ(captured(log, Severity::debug, "hidden"), "");
    const std::string line = captured(log, Severity::warning, "disk\nfull");
    EXPECT_TRUE(line.ends_with("Z WARNING cs: disk?full\n")) << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(StderrLogDeathTest, GivesTheJournalItsPriority) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            struct stat status{};
            ::fstat(STDERR_FILENO, &status);
            const std::string stream =
                std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
            ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
            StderrLog(Severity::info).write(Severity::error, "cs", "text");
            std::exit(0);
        },
        testing::ExitedWithCode(0), "^<3>cs: text\n$");
}

}  // namespace
}  // namespace cairn::real
