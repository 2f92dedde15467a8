#include "runtime/real/ring.h"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>
#include <system_error>

#include "base/check.h"

namespace cairn::real {

std::span<iovec> Scratch::vectors(std::span<const ByteView> slices) {
    const size_t count = std::min(slices.size(), vectors_max);
    if (!blocks_.empty() && used_ + count > vectors_max) {
        block_++;
        used_ = 0;
    }
    if (block_ == blocks_.size())
        blocks_.push_back(std::make_unique<Block>());
    const std::span<iovec> taken = std::span(*blocks_[block_]).subspan(used_, count);
    used_ += count;
    for (size_t i = 0; i < count; i++)  // the kernel only reads through it
        taken[i] = {const_cast<std::byte*>(slices[i].data()), slices[i].size()};
    return taken;
}

msghdr* Scratch::message(std::span<iovec> vectors) {
    if (messages_used_ == messages_.size())
        messages_.emplace_back();
    msghdr& message = messages_[messages_used_++];
    message = {};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    return &message;
}

void Scratch::reset() {
    block_ = 0;
    used_ = 0;
    messages_used_ = 0;
}

namespace {

Error setup_error(int problem) {
    constexpr std::string_view forbidden =
        "io_uring is forbidden here. Set `sysctl kernel.io_uring_disabled=0`, and in a container "
        "allow io_uring_setup, io_uring_enter and io_uring_register in its seccomp profile";
    switch (problem) {
        case EPERM:
        case EACCES:
            return {Code::permission_denied, std::string(forbidden)};
        case ENOSYS:
            return {
                Code::not_supported,
                "this kernel has no io_uring, or a seccomp profile hides it: Linux 6.1 or later "
                "with CONFIG_IO_URING is needed"};
        case ENOMEM:
            return {Code::overloaded,
                    "no memory for io_uring: raise the limit of locked memory (ulimit -l, "
                    "LimitMEMLOCK=)"};
        default:
            return error_of_errno(problem, "io_uring cannot be set up");
    }
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::create(uint32_t entries) {
    // Best first; a kernel that does not know a flag refuses the lot with EINVAL.
    constexpr unsigned common = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
    constexpr std::array flag_choices{
        common | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        common | IORING_SETUP_COOP_TASKRUN, common};
    std::unique_ptr<Ring> ring(new Ring);
    int problem = EINVAL;
    for (size_t i = 0; i < flag_choices.size() && problem == EINVAL; i++) {
        io_uring_params parameters{};
        parameters.flags = flag_choices[i];
        parameters.cq_entries = 8 * entries;
        problem = -io_uring_queue_init_params(entries, &ring->ring_, &parameters);
    }
    if (problem != 0) {
        ring->ring_.ring_fd = -1;
        return setup_error(problem);
    }
    constexpr unsigned needed =
        IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;
    if ((ring->ring_.features & needed) != needed)
        return Error(Code::not_supported,
                     "this kernel's io_uring is too old: Linux 6.1 or later is needed");
    io_uring_register_ring_fd(&ring->ring_);  // saves a look-up at each entry; not needed
    return ring;
}

Ring::~Ring() {
    if (ring_.ring_fd >= 0)
        io_uring_queue_exit(&ring_);
}

io_uring_sqe* Ring::slot() {
    io_uring_sqe* slot = io_uring_get_sqe(&ring_);
    while (slot == nullptr) {
        submit();
        slot = io_uring_get_sqe(&ring_);
    }
    return slot;
}

void Ring::submit() {
    const int result = io_uring_submit_and_get_events(&ring_);
    // Short of memory, interrupted, or completions to be taken first: the next turn tries again.
    CHECK_NOTE(result >= 0 || result == -EAGAIN || result == -EBUSY || result == -EINTR,
               "the kernel refused to take submissions");
    after_entry();
}

void Ring::submit_and_wait(Duration timeout) {
    constexpr int64_t second = 1'000'000'000;
    // A wait for ever is a wait for a day: no harm in waking up, and one path instead of two.
    const int64_t wait = std::clamp<int64_t>(timeout.nanoseconds, 0, 86'400 * second);
    __kernel_timespec limit{.tv_sec = wait / second, .tv_nsec = wait % second};
    io_uring_cqe* first = nullptr;
    const int result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
    CHECK_NOTE(result >= 0 || result == -ETIME || result == -EAGAIN || result == -EBUSY ||
                   result == -EINTR,
               "the kernel refused to take submissions");
    after_entry();
}

void Ring::after_entry() {
    if (io_uring_sq_ready(&ring_) == 0)
        scratch_.reset();
}

size_t Ring::reap(std::span<Completed> into) {
    size_t count = 0;
    unsigned head = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring_, head, entry) {
        if (count == into.size())
            break;
        into[count++] = {entry->user_data, entry->res};
    }
    io_uring_cq_advance(&ring_, static_cast<unsigned>(count));
    return count;
}

}  // namespace cairn::real
