#include "runtime/real/service_manager.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace cairn::real {

namespace {

int64_t number_in_environment(const char* name) {
    const char* const text = ::getenv(name);
    int64_t number = 0;
    if (text != nullptr)
        std::from_chars(text, text + std::strlen(text), number);
    return number;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    const char* const path = ::getenv("NOTIFY_SOCKET");
    const int64_t pid = number_in_environment("WATCHDOG_PID");
    const bool is_ours = pid == 0 || pid == ::getpid();
    return ServiceManager(
        path == nullptr ? "" : path,
        is_ours ? microseconds(number_in_environment("WATCHDOG_USEC")) : Duration{});
}

ServiceManager::ServiceManager(std::string socket_path, Duration watchdog)
    : socket_path_(std::move(socket_path)),
      watchdog_(std::max(watchdog, Duration{})),
      descriptor_(socket_path_.empty() ? -1 : ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

void ServiceManager::status(std::string_view text) {
    std::string state = "STATUS=";
    state.append(text);
    std::ranges::replace(state, '\n', ' ');
    notify(state);
}

Task<void> ServiceManager::keep_alive(Loop& loop, Event& stop) {
    while (watchdog_ > Duration{} && !stop.is_set()) {
        notify("WATCHDOG=1");
        co_await stop.wait_until(loop.now() + watchdog_ / 2);
    }
}

void ServiceManager::notify(std::string_view state) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (descriptor_.number() < 0 || socket_path_.size() >= sizeof address.sun_path)
        return;
    std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
    size_t size = offsetof(sockaddr_un, sun_path) + socket_path_.size();
    if (socket_path_.front() == '@')
        address.sun_path[0] = '\0';  // a socket without a file
    else
        size++;
    // Lost if the manager's queue is full: a loop must not wait for it, and the next one says the
    // same.
    ::sendto(descriptor_.number(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

}  // namespace cairn::real
