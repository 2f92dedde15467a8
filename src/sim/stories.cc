#include "sim/stories.h"

namespace cairn::sim {

namespace {

constexpr ClusterShape base() {
    ClusterShape shape;
    shape.metadata_servers = 1;
    shape.cs_hosts = 3;
    shape.cs_per_host = 1;
    shape.clients = 2;
    shape.files = 1;
    shape.blocks_per_file = 16;
    shape.replicas_norm = 3;
    shape.replicas_min = 2;
    shape.lease_timeout = seconds(4);
    return shape;
}

constexpr ClusterShape with(void (*change)(ClusterShape&)) {
    ClusterShape shape = base();
    change(shape);
    return shape;
}

constexpr Story all[] = {
    {"lease-clock", with([](ClusterShape& shape) {
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(2);
     }),
     story_lease_clock},
};

}  // namespace

std::span<const Story> stories() {
    return all;
}

const Story* story_of(std::string_view rule) {
    for (const Story& story : stories()) {
        if (story.rule == rule)
            return &story;
    }
    return nullptr;
}

}  // namespace cairn::sim
