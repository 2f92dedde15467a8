#include "runtime/real/call.h"

#include <unistd.h>
#include <utility>

#include "base/check.h"
#include "runtime/real/reactor.h"

namespace cairn::real {

Call::~Call() {
    CHECK_NOTE(answers_due_ == 0, "a frame was destroyed under a system call in flight");
    // Nobody came for it: the loop was torn down.
    if (yields_ == Yields::descriptor && result_ >= 0)
        ::close(result_);
}

io_uring_sqe* Call::prepare() {
    slot_ = reactor_.slot();
    return slot_;
}

void Call::await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    answers_due_++;
    reactor_.start(slot_, *this);
}

int Call::await_resume() {
    return std::exchange(result_, -1);
}

void Call::cancel() {
    if (answers_due_ == 0)
        return;  // over, though its frame has not gone on yet
    answers_due_++;
    reactor_.start_cancel(*this);
}

void Call::answered() {
    if (--answers_due_ == 0)
        reactor_.loop().post(handle_);
}

}  // namespace cairn::real
