#include "runtime/real/machine.h"

namespace cairn::real {

Result<std::unique_ptr<Machine>> Machine::create(const MachineOptions& options) {
    Result<std::unique_ptr<Reactor>> reactor = Reactor::create(options.reactor);
    if (!reactor)
        return reactor.error();
    return std::unique_ptr<Machine>(new Machine(options, std::move(*reactor)));
}

Machine::Machine(const MachineOptions& options, std::unique_ptr<Reactor> reactor)
    : reactor_(std::move(reactor)),
      log_(options.log_least),
      network_(*reactor_),
      disk_(*reactor_, log_),
      runtime_{.loop = reactor_->loop(),
               .clock = clock_,
               .network = network_,
               .disk = disk_,
               .random = random_,
               .host = host_,
               .log = log_} {}

}  // namespace cairn::real
