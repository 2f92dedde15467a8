#include "runtime/real/reactor.h"

#include <array>
#include <ctime>
#include <utility>

#include "base/buffer.h"
#include "base/check.h"
#include "runtime/real/call.h"
#include "runtime/real/descriptor.h"
#include "runtime/real/idle_poll.h"
#include "runtime/real/inbox.h"
#include "runtime/real/ring.h"
#include "runtime/scope.h"

namespace cairn::real {

namespace {

// What a completion is for: the low bits of its user data, the rest of which is a pointer.
enum Tag : uint64_t {
    operation_done = 0,
    call_done = 1,
    cancel_done = 2,
    inbox_filled = 3,
    nobody = 4
};
constexpr uint64_t tag_mask = 7;
static_assert(alignof(IoOperation) > tag_mask && alignof(Call) > tag_mask);

uint64_t tagged(const void* pointer, Tag tag) {
    return reinterpret_cast<uint64_t>(pointer) | tag;
}

// Tasks that wake each other get this many turns before the kernel is entered, so that what they
// start goes in with one entry; then arrivals and timers have their chance.
constexpr int turns_per_entry_max = 16;

// Memory kept for reuse is given back this often: seldom enough to cost nothing under load.
constexpr Duration memory_kept_for = seconds(10);

}  // namespace

Instant monotonic_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return {now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

Result<std::unique_ptr<Reactor>> Reactor::create(const ReactorOptions& options) {
    Result<std::unique_ptr<Ring>> ring = Ring::create(options.ring_entries);
    if (!ring)
        return ring.error();
    return std::unique_ptr<Reactor>(new Reactor(options, std::move(*ring)));
}

Reactor::Reactor(const ReactorOptions& options, std::unique_ptr<Ring> ring)
    : ring_(std::move(ring)) {
    if (options.poll_before_sleep > Duration{})
        idle_poll_ = std::make_unique<IdlePoll>(options.poll_before_sleep);
    loop_.advance(monotonic_now());
}

Reactor::~Reactor() {
    shutdown();
}

void Reactor::run(Task<void> main) {
    CHECK_NOTE(!loop_.abandoned(), "a reactor that was shut down does not run again");
    Scope scope(loop_);
    scope.spawn(std::move(main));
    loop_.advance(monotonic_now());
    while (run_ready(), scope.running() != 0)
        enter_kernel();
}

void Reactor::run_ready() {
    for (int turns = 0; turns < turns_per_entry_max && loop_.run_turn(); turns++)
        complete_deferred();
}

void Reactor::enter_kernel() {
    if (loop_.has_ready() || !deferred_.empty())
        ring_->submit();
    else
        wait();
    loop_.advance(monotonic_now());
    complete_deferred();
    reap();
}

void Reactor::wait() {
    const Instant deadline = loop_.next_deadline();
    if (loop_.now() >= release_memory_at_) {
        Buffer::release_kept();
        release_memory_at_ = loop_.now() + memory_kept_for;
    }
    if (idle_poll_ == nullptr) {
        const Duration left =
            deadline == Instant::never() ? Duration{INT64_MAX} : deadline - monotonic_now();
        ring_->submit_and_wait(left);
        return;
    }
    const Instant start = monotonic_now();
    Instant now = start;
    if (idle_poll_->worthwhile(start)) {
        const Instant until = std::min(deadline, start + idle_poll_->limit());
        do {
            ring_->submit();
            now = monotonic_now();
        } while (!ring_->has_completed() && now < until);
    }
    if (!ring_->has_completed()) {
        ring_->submit_and_wait(deadline == Instant::never() ? Duration{INT64_MAX} : deadline - now);
        now = monotonic_now();
    }
    idle_poll_->waited(now - start);
}

void Reactor::reap() {
    std::array<Completed, 128> batch;
    size_t count = batch.size();
    while (count == batch.size()) {
        count = ring_->reap(batch);
        for (const Completed& completed : std::span(batch).first(count))
            dispatch(completed);
    }
}

void Reactor::dispatch(const Completed& completed) {
    CHECK(in_flight_ > 0);
    in_flight_--;
    auto* const pointer = reinterpret_cast<void*>(completed.user_data & ~tag_mask);
    switch (completed.user_data & tag_mask) {
        case operation_done:
            complete(*static_cast<IoOperation*>(pointer), completed.result);
            return;
        case call_done:
            static_cast<Call*>(pointer)->result_ = completed.result;
            static_cast<Call*>(pointer)->answered();
            return;
        case cancel_done: static_cast<Call*>(pointer)->answered(); return;
        case inbox_filled: run_inbox(); return;
        default: return;
    }
}

void Reactor::complete(IoOperation& operation, int64_t result) {
    Descriptor& descriptor = *static_cast<Descriptor*>(operation.driver_data);
    loop_.post(operation.complete(descriptor.finish(result)));
}

void Reactor::complete_deferred() {
    for (const Deferred& deferred : deferred_)
        complete(*deferred.operation, deferred.result);
    deferred_.clear();
}

void Reactor::shutdown() {
    if (loop_.abandoned())
        return;
    loop_.abandon();
    if (inbox_ != nullptr)
        inbox_->close();
    complete_deferred();
    while (in_flight_ > 0) {
        // Once more in each round: a call may have been on its way to a worker when asked before.
        io_uring_sqe* cancel = slot();
        io_uring_prep_cancel64(cancel, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
        io_uring_sqe_set_data64(cancel, nobody);
        in_flight_++;
        ring_->submit_and_wait(milliseconds(100));
        reap();
        complete_deferred();
    }
}

std::unique_ptr<Mailbox> Reactor::make_mailbox() {
    if (inbox_ == nullptr) {
        inbox_ = std::make_shared<Inbox>();
        listen_to_inbox();
    }
    return std::make_unique<RealMailbox>(inbox_);
}

void Reactor::listen_to_inbox() {
    io_uring_sqe* read = slot();
    io_uring_prep_read(read, inbox_->event_descriptor(), &inbox_events_, sizeof inbox_events_, 0);
    io_uring_sqe_set_data64(read, inbox_filled);
    in_flight_++;
}

void Reactor::run_inbox() {
    if (loop_.abandoned())
        return;
    listen_to_inbox();
    for (Inbox::Work& work : inbox_->take())
        work();
}

io_uring_sqe* Reactor::slot() {
    return ring_->slot();
}

Scratch& Reactor::scratch() {
    return ring_->scratch();
}

void Reactor::start(io_uring_sqe* slot, IoOperation& operation, Descriptor& descriptor) {
    io_uring_sqe_set_data64(slot, tagged(&operation, operation_done));
    operation.driver_data = &descriptor;
    descriptor.begin();
    in_flight_++;
}

void Reactor::start(io_uring_sqe* slot, Call& call) {
    io_uring_sqe_set_data64(slot, tagged(&call, call_done));
    in_flight_++;
}

void Reactor::start_cancel(Call& call) {
    io_uring_sqe* cancel = slot();
    io_uring_prep_cancel64(cancel, tagged(&call, call_done), 0);
    io_uring_sqe_set_data64(cancel, tagged(&call, cancel_done));
    in_flight_++;
}

void Reactor::complete_later(IoOperation& operation, Descriptor& descriptor, int64_t result) {
    operation.driver_data = &descriptor;
    descriptor.begin();
    deferred_.push_back({&operation, result});
}

}  // namespace cairn::real
