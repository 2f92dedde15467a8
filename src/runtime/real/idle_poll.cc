#include "runtime/real/idle_poll.h"

#include <charconv>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <unistd.h>

namespace cairn::real {

namespace {

// Reading the load takes some microseconds, and it does not change faster than this matters.
constexpr Duration load_is_fresh = milliseconds(2);

}  // namespace

IdlePoll::IdlePoll(Duration limit)
    : limit_(limit),
      last_gap_(limit * 2 + nanoseconds(1)),
      load_file_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)),
      cores_(::sysconf(_SC_NPROCESSORS_ONLN)) {}

IdlePoll::~IdlePoll() {
    if (load_file_ >= 0)
        ::close(load_file_);
}

bool IdlePoll::worthwhile(Instant now) {
    // What was slept includes being woken up, which polling would have spared.
    if (last_gap_ > limit_ * 2)
        return false;
    if (now - looked_ > load_is_fresh) {
        looked_ = now;
        core_is_idle_ = read_core_is_idle();
    }
    return core_is_idle_;
}

bool IdlePoll::read_core_is_idle() const {
    // "0.20 0.18 0.12 2/80 11206": the fourth field begins with the number of threads that run or
    // want to, ourselves included. While it is not above the number of cores, nobody waits for
    // ours.
    char raw[96];
    const ssize_t size = load_file_ < 0 ? 0 : ::pread(load_file_, raw, sizeof raw, 0);
    if (size <= 0)
        return false;
    std::string_view text(raw, static_cast<size_t>(size));
    for (int field = 0; field < 3; field++) {
        const size_t space = text.find(' ');
        if (space == std::string_view::npos)
            return false;
        text.remove_prefix(space + 1);
    }
    long running = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), running);
    return problem == std::errc() && running <= cores_;
}

}  // namespace cairn::real
