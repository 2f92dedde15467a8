// Task<T>: a lazy coroutine with one owner. It starts when it is awaited, runs on its awaiter's
// loop, and is awaited once. It is never detached: work in the background belongs to a Scope.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/frame_pool.h"

namespace cairn {

template <class T>
class Task;

namespace detail {

struct TaskPromiseBase {
    std::coroutine_handle<> awaiter;

    static void* operator new(size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, size_t size) noexcept { release_frame(frame, size); }

    struct FinalAwait {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
            return done.promise().awaiter;
        }
        void await_resume() noexcept {}
    };

    std::suspend_always initial_suspend() noexcept { return {}; }
    FinalAwait final_suspend() noexcept { return {}; }
    // Errors are values here; an exception that reaches a task's border is a broken invariant.
    void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
    std::optional<T> value;

    Task<T> get_return_object();
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    T take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    Task<void> get_return_object();
    void return_void() {}
    void take() {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
  public:
    using promise_type = detail::TaskPromise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    explicit Task(Handle handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    ~Task() {
        if (handle_)
            handle_.destroy();
    }

    struct Await {
        Handle handle;
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
            handle.promise().awaiter = awaiter;
            return handle;
        }
        T await_resume() { return handle.promise().take(); }
    };
    // The task object lives until the full expression ends, and with it the frame.
    Await operator co_await() && {
        CHECK_NOTE(handle_ && !handle_.promise().awaiter, "a task is awaited once");
        return Await{handle_};
    }

  private:
    Handle handle_;
};

template <class T>
Task<T> detail::TaskPromise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> detail::TaskPromise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

}  // namespace cairn
