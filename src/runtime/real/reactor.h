// Reactor: drives one Loop with one io_uring on the thread that made it. A turn runs what is ready,
// enters the kernel once (to submit, and to sleep until something completes or a timer is due), and
// makes ready what has completed. When it is shut down it cancels what is in flight and waits for
// it, so that the kernel never writes into memory that is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "runtime/io.h"
#include "runtime/loop.h"
#include "runtime/mailbox.h"
#include "runtime/task.h"

struct io_uring_sqe;

namespace cairn::real {

class Call;
class Descriptor;
class IdlePoll;
class Inbox;
class Ring;
class Scratch;
struct Completed;

struct ReactorOptions {
    uint32_t ring_entries = 1024;
    // How long to look for completions before sleeping, where the last wait was not much longer
    // and a core is idle. It spares a wake-up of some 20 us; 20-50 us suit a server that answers
    // small requests. Zero: never.
    Duration poll_before_sleep = {};
};

class Reactor {
  public:
    static Result<std::unique_ptr<Reactor>> create(const ReactorOptions& options);
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;
    ~Reactor();  // shuts down

    [[nodiscard]] Loop& loop() { return loop_; }
    // Runs turns until `main` has ended. What it spawned elsewhere stays as it is, and goes on with
    // the next run.
    void run(Task<void> main);
    // Abandons the loop, cancels everything in flight and waits for it. Frames that were suspended
    // may be destroyed afterwards, and only afterwards. Idempotent.
    void shutdown();
    // For one other loop of this process to post to this one. Made on this thread, used on the
    // other; either side may end first.
    [[nodiscard]] std::unique_ptr<Mailbox> make_mailbox();
    [[nodiscard]] uint64_t in_flight() const { return in_flight_; }

    // For the files and sockets of this folder: take a slot, fill it, start it.
    [[nodiscard]] io_uring_sqe* slot();
    [[nodiscard]] Scratch& scratch();
    void start(io_uring_sqe* slot, IoOperation& operation, Descriptor& descriptor);
    void start(io_uring_sqe* slot, Call& call);
    void start_cancel(Call& call);
    // For an operation that needs no kernel: it completes at the end of this turn.
    void complete_later(IoOperation& operation, Descriptor& descriptor, int64_t result);

  private:
    Reactor(const ReactorOptions& options, std::unique_ptr<Ring> ring);
    void run_ready();
    void enter_kernel();
    void wait();
    void reap();
    void dispatch(const Completed& completed);
    void complete(IoOperation& operation, int64_t result);
    void complete_deferred();
    void listen_to_inbox();
    void run_inbox();

    struct Deferred {
        IoOperation* operation;
        int64_t result;
    };

    Loop loop_;
    std::unique_ptr<Ring> ring_;
    std::unique_ptr<IdlePoll> idle_poll_;  // none: never poll
    Instant release_memory_at_;            // when kept memory is given back next
    uint64_t in_flight_ = 0;               // what the kernel still owes us a completion for
    std::vector<Deferred> deferred_;
    std::shared_ptr<Inbox> inbox_;  // none: nobody has a mailbox to this loop
    uint64_t inbox_events_ = 0;     // read from its eventfd, of no interest
};

// CLOCK_MONOTONIC, now.
[[nodiscard]] Instant monotonic_now();

}  // namespace cairn::real
