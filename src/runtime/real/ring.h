// Ring: one io_uring, for the one thread that made it. It hands out submission slots and the memory
// that a submission points to, enters the kernel once a turn, and gives back what has completed. It
// knows nothing of tasks; the Reactor above it does.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <liburing.h>
#include <memory>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace cairn::real {

struct Completed {
    uint64_t user_data = 0;
    int32_t result = 0;
};

// What submissions point to: the kernel has copied it when it has taken the submission
// (IORING_FEAT_SUBMIT_STABLE), so it lives from one submission to the next and costs no allocation.
class Scratch {
  public:
    // At most `vectors_max` of `slices`, as the kernel wants them.
    [[nodiscard]] std::span<iovec> vectors(std::span<const ByteView> slices);
    [[nodiscard]] msghdr* message(std::span<iovec> vectors);
    void reset();

    static constexpr size_t vectors_max = 1024;  // IOV_MAX: the kernel takes no more in one call

  private:
    using Block = std::array<iovec, vectors_max>;
    std::vector<std::unique_ptr<Block>> blocks_;
    size_t block_ = 0;
    size_t used_ = 0;
    std::deque<msghdr> messages_;
    size_t messages_used_ = 0;
};

class Ring {
  public:
    // Fails with a message for the machine's owner where io_uring is missing or forbidden.
    static Result<std::unique_ptr<Ring>> create(uint32_t entries);
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    // An empty slot, which the caller fills before anything else is asked of this ring. Where all
    // are taken, those are submitted first.
    [[nodiscard]] io_uring_sqe* slot();
    // Fill it after the slot was taken: taking one may submit and reset.
    [[nodiscard]] Scratch& scratch() { return scratch_; }

    // Submits, and lets the kernel finish what has arrived. Never waits.
    void submit();
    // Submits, and waits until something completes or `timeout` has passed.
    void submit_and_wait(Duration timeout);
    // Fills `into` from the front and says how many.
    [[nodiscard]] size_t reap(std::span<Completed> into);
    [[nodiscard]] bool has_completed() const { return io_uring_cq_ready(&ring_) != 0; }
    // Whether task work is deferred to our own entries, as it is on Linux 6.1 and later.
    [[nodiscard]] bool deferred() const { return (ring_.flags & IORING_SETUP_DEFER_TASKRUN) != 0; }

  private:
    Ring() = default;
    void after_entry();

    io_uring ring_{};
    Scratch scratch_;
};

}  // namespace cairn::real
