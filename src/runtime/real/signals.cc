#include "runtime/real/signals.h"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <liburing.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/real/call.h"

namespace cairn::real {

namespace {

int make_signal_descriptor(sigset_t& former_mask) {
    // A peer that went away is an error of a write, not the end of the process.
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGHUP);
    CHECK(::pthread_sigmask(SIG_BLOCK, &watched, &former_mask) == 0);
    const int descriptor = ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    CHECK_NOTE(descriptor >= 0, "no signalfd");
    return descriptor;
}

}  // namespace

Signals::Signals(Reactor& reactor, Log& log)
    : reactor_(reactor),
      log_(log),
      stop_(reactor.loop()),
      reload_(reactor.loop()),
      descriptor_(make_signal_descriptor(former_mask_)) {}

Signals::~Signals() {
    ::pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
}

Task<void> Signals::watch() {
    while (!ended_) {
        // Polled and then read, because older kernels read a signalfd from a worker thread.
        Call call(reactor_);
        io_uring_prep_poll_add(call.prepare(), descriptor_.number(), POLLIN);
        polling_ = &call;
        co_await call;
        polling_ = nullptr;
        signalfd_siginfo info{};
        while (!ended_ && ::read(descriptor_.number(), &info, sizeof info) == sizeof info)
            handle(info.ssi_signo);
    }
}

void Signals::end_watch() {
    ended_ = true;
    if (polling_ != nullptr)
        polling_->cancel();
}

void Signals::handle(uint32_t number) {
    const char* const name = ::strsignal(static_cast<int>(number));
    if (number == SIGHUP) {
        reload_.notify_all();
        return;
    }
    if (stop_.is_set()) {
        log_.write(Severity::warning, "main", fmt::format("{} again: ending at once", name));
        ::_exit(128 + static_cast<int>(number));
    }
    log_.write(Severity::info, "main", fmt::format("{}: stopping", name));
    stop_.set();
}

}  // namespace cairn::real
