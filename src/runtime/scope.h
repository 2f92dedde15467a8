// Scope: owns tasks that run beside their starter, and is joined before it ends. It is the only way
// to run something in the background, and the way to run several things at once:
//     Scope scope(loop); scope.spawn(a()); scope.spawn(b()); co_await scope.join();
#pragma once

#include <coroutine>
#include <cstddef>

#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn {

class Scope {
  public:
    explicit Scope(Loop& loop) : loop_(loop), idle_(loop) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    // Every task must have ended, unless the process was killed under them: then their frames are
    // dropped.
    ~Scope();

    // Starts `task` in the next turn.
    void spawn(Task<void> task);
    // Waits until no task is left, those included that are spawned meanwhile.
    Task<void> join();
    [[nodiscard]] size_t running() const { return running_; }

  private:
    struct Child;
    struct ChildPromise;
    static Child run(Scope& scope, Task<void> task);
    void link(ChildPromise& child);
    void unlink(ChildPromise& child);

    Loop& loop_;
    Condition idle_;
    ChildPromise* first_ = nullptr;
    size_t running_ = 0;
};

}  // namespace cairn
