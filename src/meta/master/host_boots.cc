#include "meta/master/host_boots.h"

namespace cairn::meta {

namespace {

// One boot after the other is a machine that was started again. One that returns this often, and
// not at once, speaks beside the other.
constexpr uint32_t returns_of_a_live_machine = 6;
constexpr Duration turn = seconds(5);
constexpr size_t boots_kept = 8;

}  // namespace

std::optional<HostBoots::Shared> HostBoots::heard(HostId host, uint64_t boot, CsId cs,
                                                  Instant now) {
    Host& known = hosts_[host];
    if (boot == 0 || known.boot == boot)
        return std::nullopt;
    if (known.boot == 0) {
        known.boot = boot;
        known.cs = cs;
        known.since = now;
        return std::nullopt;
    }
    const bool returned = known.before.contains(boot);
    if (returned && now - known.since < turn)
        return std::nullopt;
    if (known.before.size() >= boots_kept)
        known.before.clear();
    known.before.insert(known.boot);
    known.returns = returned ? known.returns + 1 : 0;
    const Shared two{known.cs, cs};
    known.boot = boot;
    known.cs = cs;
    known.since = now;
    if (known.told || known.returns < returns_of_a_live_machine)
        return std::nullopt;
    known.told = true;
    return two;
}

}  // namespace cairn::meta
