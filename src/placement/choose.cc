#include "placement/choose.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>

#include "base/check.h"
#include "placement/sample.h"

namespace cairn::placement {

namespace {

// Domains are drawn by systematic sampling (sample.h): points at equal distances on the line of
// their rooms, in one of a few fixed orders. Of n equal domains that makes at most n sets an order,
// not one for every combination, so that losing as many servers as there are replicas rarely hits a
// set that holds data. More orders spread recovery wider, fewer make fewer sets.
constexpr uint64_t orders = 8;

class Chooser {
  public:
    Chooser(const ClusterMap& map, const Wanted& wanted, const Policy& policy)
        : map_(map), wanted_(wanted), policy_(policy), rooms_(rooms_of(map, policy)) {
        for (const Server& server : map)
            if (std::ranges::find(wanted.existing, server.cs) != wanted.existing.end())
                take(server);
    }

    Chosen run();

  private:
    using Domain = uint64_t;  // host id or CSID

    [[nodiscard]] bool keeps_hosts() const {
        return wanted_.attributes.failure_domain == FailureDomain::host;
    }
    void take(const Server& server) {
        used_servers_.insert(server.cs);
        used_hosts_.insert(server.host);
    }
    // Whether it could hold a replica as far as place goes.
    [[nodiscard]] bool fits(const Server& server, bool by_host) const;
    [[nodiscard]] bool has_room(size_t index) const { return rooms_[index].any; }
    [[nodiscard]] uint64_t weight(size_t index) const;
    void draw(uint8_t tier, bool by_host);
    [[nodiscard]] size_t draw_one(const std::vector<size_t>& servers, uint64_t salt) const;
    [[nodiscard]] std::vector<uint8_t> tiers() const;
    [[nodiscard]] bool excused() const;
    [[nodiscard]] Shortage shortage() const;

    const ClusterMap& map_;
    const Wanted& wanted_;
    const Policy& policy_;
    std::vector<Room> rooms_;
    std::set<CsId> used_servers_;
    std::set<HostId> used_hosts_;
    Chosen chosen_;
};

bool Chooser::fits(const Server& server, bool by_host) const {
    return !used_servers_.contains(server.cs) && !(by_host && used_hosts_.contains(server.host)) &&
           std::ranges::find(wanted_.exclude, server.cs) == wanted_.exclude.end();
}

// Room in MiB, a little less for a busy server.
uint64_t Chooser::weight(size_t index) const {
    return ((rooms_[index].share >> 20) + 1) * 64 / (64 + map_[index].load) + 1;
}

std::vector<uint8_t> Chooser::tiers() const {
    std::vector<uint8_t> order{wanted_.attributes.tier};
    if (policy_.strict_tier)
        return order;
    for (int tier = wanted_.attributes.tier - 1; tier >= 0; tier--)
        order.push_back(static_cast<uint8_t>(tier));
    std::set<uint8_t> higher;
    for (const Server& server : map_)
        if (server.tier > wanted_.attributes.tier)
            higher.insert(server.tier);
    order.insert(order.end(), higher.begin(), higher.end());
    return order;
}

size_t Chooser::draw_one(const std::vector<size_t>& servers, uint64_t salt) const {
    std::vector<uint64_t> weights;
    weights.reserve(servers.size());
    for (const size_t index : servers)
        weights.push_back(weight(index));
    return servers[sample(weights, 1, mixed(wanted_.seed ^ salt)).front()];
}

void Chooser::draw(uint8_t tier, bool by_host) {
    std::map<Domain, std::vector<size_t>> domains;
    for (size_t i = 0; i < map_.size(); i++) {
        const Server& server = map_[i];
        if (server.tier == tier && server.active && has_room(i) && fits(server, by_host))
            domains[by_host ? server.host.number : server.cs.number].push_back(i);
    }
    const uint64_t order = mixed(wanted_.seed) % orders;
    std::vector<std::pair<uint64_t, Domain>> line;
    line.reserve(domains.size());
    for (const auto& [domain, servers] : domains)
        line.emplace_back(mixed(mixed(domain) + order), domain);
    std::ranges::sort(line);
    std::vector<uint64_t> weights;
    for (const auto& [place, domain] : line) {
        uint64_t sum = 0;
        for (const size_t index : domains[domain])
            sum += weight(index);
        weights.push_back(sum);
    }
    const size_t missing = wanted_.count - chosen_.servers.size();
    for (const size_t drawn : sample(weights, missing, wanted_.seed)) {
        const Server& server = map_[draw_one(domains[line[drawn].second], line[drawn].second)];
        take(server);
        chosen_.servers.push_back(server.cs);
        chosen_.other_tier |= tier != wanted_.attributes.tier;
    }
}

// Whether servers that are only away would make up what is missing.
bool Chooser::excused() const {
    if (chosen_.servers.size() < wanted_.least)
        return false;
    std::set<Domain> away;
    for (size_t i = 0; i < map_.size(); i++) {
        const Server& server = map_[i];
        const bool tier_fits = !policy_.strict_tier || server.tier == wanted_.attributes.tier;
        if (!server.active && has_room(i) && tier_fits && fits(server, keeps_hosts()))
            away.insert(keeps_hosts() ? server.host.number : server.cs.number);
    }
    return chosen_.servers.size() + away.size() >= wanted_.count;
}

Shortage Chooser::shortage() const {
    Shortage shortage;
    shortage.wanted = wanted_.count;
    shortage.registered = static_cast<uint32_t>(map_.size());
    shortage.domain = wanted_.attributes.failure_domain;
    std::set<HostId> hosts;
    for (size_t i = 0; i < map_.size(); i++) {
        if (!map_[i].active || !has_room(i))
            continue;
        shortage.available++;
        hosts.insert(map_[i].host);
    }
    shortage.hosts = static_cast<uint32_t>(hosts.size());
    return shortage;
}

Chosen Chooser::run() {
    const auto missing = [this] {
        return chosen_.servers.size() < wanted_.count;
    };
    for (const uint8_t tier : tiers())
        if (missing())
            draw(tier, keeps_hosts());
    if (missing() && keeps_hosts() && !policy_.strict_failure_domain) {
        const size_t apart = chosen_.servers.size();
        for (const uint8_t tier : tiers())
            if (missing())
                draw(tier, false);
        chosen_.shares_domain = chosen_.servers.size() > apart;
    }
    if (missing() && !excused()) {
        chosen_ = {};
        chosen_.shortage = shortage();
    }
    return std::move(chosen_);
}

}  // namespace

Chosen choose(const ClusterMap& map, const Wanted& wanted, const Policy& policy) {
    return Chooser(map, wanted, policy).run();
}

std::string shortage_text(const Shortage& shortage, std::string_view path,
                          const Address& requester) {
    const std::string head = fmt::format(
        "Failed to allocate {} replicas for '{}' by request from "
        "<{}>",
        shortage.wanted, path, to_string(requester));
    if (shortage.registered < shortage.wanted)
        return fmt::format("{} since only {} chunk servers are registered", head,
                           shortage.registered);
    return fmt::format("{} - {} out of {} chunks servers are available", head, shortage.available,
                       shortage.registered);
}

std::string shortage_advice(const Shortage& shortage) {
    if (shortage.registered < shortage.wanted)
        return fmt::format(
            "{} replicas are wanted, and {} chunk servers are registered: add chunk "
            "servers, or lower replicas",
            shortage.wanted, shortage.registered);
    if (shortage.domain == FailureDomain::host && shortage.hosts < shortage.wanted)
        return fmt::format(
            "{} replicas are wanted on different hosts (failure-domain=host), and "
            "the {} chunk servers with room stand on {}: add hosts, or set "
            "failure-domain=disk",
            shortage.wanted, shortage.available, shortage.hosts);
    return fmt::format(
        "{} replicas are wanted, and {} of {} chunk servers answer and have room: "
        "free or add space",
        shortage.wanted, shortage.available, shortage.registered);
}

}  // namespace cairn::placement
