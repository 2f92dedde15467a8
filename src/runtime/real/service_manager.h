// ServiceManager: tells systemd how this service is (sd_notify), over the socket that it names in
// NOTIFY_SOCKET. Without one it says nothing and costs nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "runtime/real/descriptor.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn::real {

class ServiceManager {
  public:
    // From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    static ServiceManager from_environment();
    ServiceManager(std::string socket_path, Duration watchdog);

    void ready() { notify("READY=1"); }
    void stopping() { notify("STOPPING=1"); }
    // One line for `systemctl status`.
    void status(std::string_view text);
    // How often keep_alive() must be heard of; zero: not asked for.
    [[nodiscard]] Duration watchdog() const { return watchdog_; }
    // Feeds the watchdog from the loop until `stop` is set: a loop that hangs is killed and
    // restarted.
    Task<void> keep_alive(Loop& loop, Event& stop);

  private:
    void notify(std::string_view state);

    std::string socket_path_;  // empty: nobody listens
    Duration watchdog_;
    Descriptor descriptor_;
};

}  // namespace cairn::real
