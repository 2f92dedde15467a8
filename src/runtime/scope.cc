#include "runtime/scope.h"

#include <exception>

namespace cairn {

struct Scope::Child {
    using promise_type = ChildPromise;
    std::coroutine_handle<ChildPromise> handle;
};

struct Scope::ChildPromise {
    ChildPromise(Scope& owner, Task<void>&) : scope(owner) {}

    static void* operator new(size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, size_t size) noexcept { release_frame(frame, size); }

    // A finished child takes itself out of its scope and frees its own frame.
    struct FinalAwait {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<ChildPromise> done) noexcept {
            Scope& owner = done.promise().scope;
            owner.unlink(done.promise());
            done.destroy();
        }
        void await_resume() noexcept {}
    };

    Child get_return_object() { return {std::coroutine_handle<ChildPromise>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    FinalAwait final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }

    Scope& scope;
    ChildPromise* previous = nullptr;
    ChildPromise* next = nullptr;
};

Scope::Child Scope::run(Scope& scope, Task<void> task) {
    static_cast<void>(scope);
    co_await std::move(task);
}

Scope::~Scope() {
    CHECK_NOTE(first_ == nullptr || loop_.abandoned(), "a scope was not joined");
    while (first_ != nullptr) {
        ChildPromise& child = *first_;
        first_ = child.next;
        std::coroutine_handle<ChildPromise>::from_promise(child).destroy();
    }
}

void Scope::spawn(Task<void> task) {
    const Child child = run(*this, std::move(task));
    link(child.handle.promise());
    loop_.post(child.handle);
}

Task<void> Scope::join() {
    while (running_ != 0)
        co_await idle_.wait();
}

void Scope::link(ChildPromise& child) {
    child.next = first_;
    if (first_ != nullptr)
        first_->previous = &child;
    first_ = &child;
    running_++;
}

void Scope::unlink(ChildPromise& child) {
    (child.previous != nullptr ? child.previous->next : first_) = child.next;
    if (child.next != nullptr)
        child.next->previous = child.previous;
    if (--running_ == 0)
        idle_.notify_all();
}

}  // namespace cairn
