#include "runtime/real/program.h"

#include <cstdlib>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "base/huge_pages.h"
namespace cairn::real {

namespace {

// What is at least this large goes back to the kernel as soon as it is released. By itself the
// allocator would raise the bound with the first such release, and a daemon that was busy once
// would keep its memory for ever.
constexpr int returned_at_release = 128 * 1024;
// So much is kept at the end of the heap, and taken at once where more is needed: by default a
// chunk server under load gives back and takes anew hundreds of times a second.
constexpr int kept_at_end = 4 * 1024 * 1024;
constexpr int taken_at_once = 1024 * 1024;

Task<void> run_body(Task<int> body, Signals& signals, ServiceManager& manager, int& exit_code) {
    exit_code = co_await std::move(body);
    manager.stopping();
    signals.end_watch();
}

Task<void> run_all(Loop& loop, Task<int> body, Signals& signals, ServiceManager& manager,
                   int& exit_code) {
    Event ended(loop);
    Scope scope(loop);
    scope.spawn(signals.watch());
    scope.spawn(manager.keep_alive(loop, ended));
    co_await run_body(std::move(body), signals, manager, exit_code);
    ended.set();
    co_await scope.join();
}

}  // namespace

std::string Program::working_directory() {
    char* path = ::getcwd(nullptr, 0);
    if (path == nullptr)  // it was removed: what is relative to it is nowhere
        return "/nonexistent";
    std::string directory(path);
    std::free(path);
    return directory;
}

int run_program(const ProgramOptions& options, std::function<Task<int>(Program&)> body) {
    ::mallopt(M_MMAP_THRESHOLD, returned_at_release);
    ::mallopt(M_TRIM_THRESHOLD, kept_at_end);
    ::mallopt(M_TOP_PAD, taken_at_once);
    // Where there are none, all goes on with small ones.
    ask_for_huge_pages([](void* memory, size_t bytes) {
        static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));
    });
    Result<std::unique_ptr<Machine>> machine = Machine::create(options.machine);
    if (!machine) {
        StderrLog(Severity::error).write(Severity::error, "main", machine.error().message());
        return EXIT_FAILURE;
    }
    Runtime& runtime = (*machine)->runtime();
    Signals signals((*machine)->reactor(), runtime.log, options.handle_signals);
    ServiceManager manager = ServiceManager::from_environment();
    Program program(**machine, signals, manager);
    int exit_code = EXIT_FAILURE;
    (*machine)->reactor().run(run_all(runtime.loop, body(program), signals, manager, exit_code));
    return exit_code;
}

}  // namespace cairn::real
