#include "sim/soak.h"

#include <algorithm>
#include <fmt/core.h>
#include <memory>

#include "client/client.h"
#include "meta/catalogue/catalogue.h"
#include "sim/cluster.h"

namespace cairn::sim {

namespace {

constexpr size_t samples_in_all = 24;
// The first hours fill caches, journals and the log; what is there then must do for the rest.
constexpr size_t settled_after = 8;
constexpr uint64_t used_bytes = uint64_t{3} * block_size;

ClusterShape soak_shape() {
    ClusterShape shape;
    shape.clients = 2;
    shape.files = 2;
    shape.lease_timeout = seconds(60);
    shape.offline_timeout = seconds(300);
    shape.verify_chunks = 2;
    return shape;
}

struct Doings {
    uint64_t rounds = 0;
    std::string problem;
};

Task<Result<void>> use_file(client::Client& client, FileId id, bool writes) {
    auto file = co_await client.open(id, writes ? LeaseMode::exclusive : LeaseMode::shared);
    if (!file)
        co_return file.error();
    Result<void> done;
    if (writes) {
        done = co_await (*file)->write(0, Buffer::allocate(used_bytes));
        if (done)
            done = co_await (*file)->flush();
    } else {
        const auto read = co_await (*file)->read(0, used_bytes);
        if (!read)
            done = read.error();
    }
    Result<void> closed = co_await client.close(*file);
    co_return done ? closed : done;
}

Task<Result<void>> one_round(client::Client& client, const std::string& kept,
                             const std::string& passing) {
    auto node = co_await client.look_up(kept);
    if (!node)
        co_return node.error();
    CO_TRY(co_await use_file(client, node->file, true));
    CO_TRY(co_await use_file(client, node->file, false));
    auto made = co_await client.make_node(passing, NodeKind::file, 0644, 64 * kib);
    if (!made)
        co_return made.error();
    CO_TRY(co_await use_file(client, made->file, true));
    co_return co_await client.remove(passing);
}

Task<void> live(Runtime& runtime, client::ClientOptions options, std::string kept,
                std::shared_ptr<Doings> doings) {
    const std::string name = "/passing" + std::to_string(options.host.number);
    client::Client client(runtime, std::move(options));
    Result<void> done = co_await client.start();
    while (done) {
        done = co_await one_round(client, kept, name);
        doings->rounds++;
        co_await Sleep(runtime.loop, seconds(20));
    }
    doings->problem = done.error().message();
    co_await client.stop();
}

class Soak {
  public:
    explicit Soak(const SoakOptions& options)
        : options_(options),
          world_(options.seed),
          cluster_(world_, soak_shape(), WorkPlan(), AllRules()) {}

    SoakReport run() {
        if (!cluster_.bring_up()) {
            report_.problem = cluster_.state().failure.value_or("it was not set up");
            return report_;
        }
        for (uint32_t i = 0; i < soak_shape().clients; i++) {
            Machine& host = *cluster_.client_hosts()[i];
            cluster_.add_client(host, [this, i](client::ClientOptions client, const std::string&) {
                return Main([client, i, doings = doings_](Runtime& runtime) {
                    return live(runtime, client, fmt::format("/file{}", i), doings);
                });
            });
        }
        cluster_.supervise();
        for (size_t i = 0; i < samples_in_all && report_.problem.empty(); i++) {
            pass({options_.length.nanoseconds / static_cast<int64_t>(samples_in_all)});
            take_sample();
        }
        judge();
        report_.rounds = doings_->rounds;
        return report_;
    }

  private:
    // A part of the time; one server of each kind dies in it, and is back soon.
    void pass(Duration part) {
        const SimTime end = world_.now() + part;
        cluster_.kill(pick(SimCluster::Service::Kind::cs), seconds(3));
        cluster_.kill(pick(SimCluster::Service::Kind::mds), seconds(3));
        while (world_.now() < end && report_.problem.empty()) {
            world_.run_for(seconds(1));
            cluster_.supervise();
            if (cluster_.state().failure)
                report_.problem = *cluster_.state().failure;
            if (!doings_->problem.empty())
                report_.problem = "a client: " + doings_->problem;
        }
    }

    SimCluster::Service& pick(SimCluster::Service::Kind kind) {
        std::vector<SimCluster::Service*> list;
        for (SimCluster::Service& service : cluster_.services()) {
            if (service.kind == kind)
                list.push_back(&service);
        }
        return *list[world_.random().below(list.size())];
    }

    void take_sample() {
        SoakSample sample;
        sample.at = {world_.now().nanoseconds};
        const auto count = [&sample](const char* name, uint64_t value) {
            sample.counts.emplace_back(name, value);
        };
        if (options_.memory_in_use)
            count("memory bytes", options_.memory_in_use());
        uint64_t disk_bytes = 0;
        for (const auto& host : world_.hosts()) {
            for (const auto& disk : host->disks())
                disk_bytes += disk->tree().used();
        }
        count("disk bytes", disk_bytes);
        if (const meta::Catalogue* catalogue = cluster_.newest_catalogue()) {
            count("nodes", catalogue->node_count());
            count("chunks", catalogue->chunks().size());
            count("leases", catalogue->leases().size());
            count("clients", catalogue->clients().size());
            count("marks", catalogue->marks().size());
            count("joiners", catalogue->joiners().size());
        }
        report_.samples.push_back(std::move(sample));
    }

    [[nodiscard]] uint64_t most(size_t column, size_t first, size_t last) const {
        uint64_t found = 0;
        for (size_t i = first; i < last; i++)
            found = std::max(found, report_.samples[i].counts.at(column).second);
        return found;
    }

    // The last third may have a fifth more than the second, and a little: memory comes in slabs,
    // which fill with holes for half a day.
    void judge() {
        if (!report_.problem.empty())
            return;
        for (size_t column = 0; column < report_.samples[0].counts.size(); column++) {
            const uint64_t before = most(column, settled_after, 2 * settled_after);
            const uint64_t after = most(column, 2 * settled_after, samples_in_all);
            if (after > before + before / 5 + 16)
                report_.problem =
                    fmt::format("{} grew from {} to {}", report_.samples[0].counts[column].first,
                                before, after);
        }
    }

    const SoakOptions& options_;
    World world_;
    SimCluster cluster_;
    std::shared_ptr<Doings> doings_ = std::make_shared<Doings>();
    SoakReport report_;
};

}  // namespace

SoakReport soak(const SoakOptions& options) {
    Soak soak(options);
    return soak.run();
}

}  // namespace cairn::sim
