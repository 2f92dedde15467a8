#include "sim/cluster.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/catalogue.h"
#include "raft/describe.h"
#include "sim/programs.h"

namespace cairn::sim {

namespace {

constexpr std::string_view cluster_name = "sim";

std::string address_text(const char* prefix, uint32_t number) {
    return fmt::format("{}.{}", prefix, number);
}

std::string chunk_text(const meta::Catalogue& catalogue, ChunkId id, const meta::Chunk& chunk) {
    std::string text =
        fmt::format("chunk {} (file {}, {}) v{}{}:", id.number, chunk.file.number, chunk.index,
                    chunk.version.number, chunk.marked ? " marked" : "");
    for (const meta::ChunkPiece& piece : chunk.pieces)
        text += fmt::format(" {}{}@{}{}", piece.in_sync() ? "" : "joining ", piece.cs.number,
                            piece.since.number, piece.suspect ? "?" : "");
    const auto comparison = catalogue.comparisons().find(id);
    if (comparison != catalogue.comparisons().end())
        text += fmt::format(", comparing from {}", comparison->second.source.number);
    return text;
}

}  // namespace

SimCluster::SimCluster(World& world, ClusterShape shape, WorkPlan work, const AllRules& rules)
    : world_(world),
      shape_(shape),
      work_(work),
      rules_(rules),
      chunk_servers_(size_t{shape.cs_hosts} * shape.cs_per_host),
      least_minimum_(shape.replicas_min) {
    for (uint32_t i = 1; i <= shape_.metadata_servers; i++)
        mds_hosts_.push_back(&world_.add_host(
            {.name = fmt::format("mds{}", i), .addresses = {address_text("10.0.0", i)}}));
    for (uint32_t i = 1; i <= shape_.cs_hosts; i++) {
        HostOptions host;
        host.name = fmt::format("cs{}", i);
        host.addresses = {address_text("10.0.1", i)};
        for (uint32_t disk = 0; disk < shape_.cs_per_host; disk++)
            host.disks.push_back({fmt::format("/disk{}", disk), 64 * mib});
        cs_hosts_.push_back(&world_.add_host(host));
    }
    for (uint32_t i = 1; i <= shape_.clients; i++)
        client_hosts_.push_back(&world_.add_host(
            {.name = fmt::format("client{}", i), .addresses = {address_text("10.0.2", i)}}));
    key_.cluster.bytes.fill(7);
    key_.derivation.operations = rpc::cheapest_operations;
    key_.derivation.memory_kib = rpc::cheapest_memory_kib;
    Result<rpc::ClusterKey> key = rpc::derive_key("simulated", key_.derivation);
    CHECK(key.has_value());
    key_.key = *key;
    state_.doubt_acknowledgement = [this](Instant began) {
        return doubt_acknowledgement(began);
    };
}

SimCluster::~SimCluster() {
    for (Service& service : services_) {
        if (service.running())
            world_.kill(*service.process);
    }
}

rpc::ClusterAccess SimCluster::access() const {
    rpc::ClusterAccess access;
    access.name = cluster_name;
    access.key = key_;
    for (uint32_t i = 1; i <= shape_.metadata_servers; i++)
        access.servers.push_back({address_text("10.0.0", i), rpc::default_mds_port});
    return access;
}

WorkloadOptions SimCluster::workload_options() const {
    WorkloadOptions options;
    for (uint32_t i = 0; i < shape_.files; i++)
        options.paths.push_back(fmt::format("/file{}", i));
    options.blocks_per_file = shape_.blocks_per_file;
    options.work = work_;
    return options;
}

client::ClientOptions SimCluster::client_options(uint32_t number) const {
    client::ClientOptions options;
    options.access = access();
    options.host = HostId(0x2000 + number);
    options.name = "workload";
    options.lease_timeout = shape_.lease_timeout;
    options.unmark_after = shape_.unmark_after;
    options.rules = rules_.client;
    return options;
}

bool SimCluster::run_step(Machine& machine, const std::string& name,
                          std::function<Task<Result<void>>(Runtime&)> step) {
    auto outcome = std::make_shared<std::optional<Result<void>>>();
    Process& process = world_.start(machine, name, [step, outcome](Runtime& runtime) {
        return store_outcome(step(runtime), outcome);
    });
    const bool ended = world_.run_until([&] { return !process.running(); }, seconds(120));
    if (!ended || !*outcome || !**outcome) {
        state_.failure = fmt::format(
            "{}: {}", name, ended && *outcome ? (**outcome).error().message() : "it did not end");
        return false;
    }
    return true;
}

void SimCluster::add_service(Service::Kind kind, const std::string& name, Machine& machine,
                             std::function<Main()> main) {
    services_.push_back({kind, name, &machine, std::move(main), nullptr, world_.now()});
}

bool SimCluster::set_up_first_mds() {
    const Address address{address_text("10.0.0", 1), rpc::default_mds_port};
    const bool made = run_step(*mds_hosts_[0], "make-mds", [this, address](Runtime& runtime) {
        return make_first_mds(runtime, "/mds", access(), address);
    });
    if (!made)
        return false;
    add_service(Service::Kind::mds, "mds1", *mds_hosts_[0], {});
    use_repository(services_.back(), "/mds");
    supervise();
    return true;
}

bool SimCluster::set_up_further_mds() {
    for (uint32_t i = 2; i <= shape_.metadata_servers; i++) {
        const Address address{address_text("10.0.0", i), rpc::default_mds_port};
        const std::string name = fmt::format("mds{}", i);
        MdsId mds;
        const bool made =
            run_step(*mds_hosts_[i - 1], "make-mds", [this, address, &mds](Runtime& runtime) {
                return make_further_mds(runtime, "/mds", access(), address, mds);
            });
        if (!made)
            return false;
        add_service(Service::Kind::mds, name, *mds_hosts_[i - 1], {});
        use_repository(services_.back(), "/mds");
        supervise();
    }
    return true;
}

bool SimCluster::set_up_chunk_servers() {
    for (uint32_t host = 0; host < shape_.cs_hosts; host++) {
        for (uint32_t disk = 0; disk < shape_.cs_per_host; disk++) {
            const std::string path = fmt::format("/disk{}/cs", disk);
            const HostId host_id(0x1000 + host);
            Machine& machine = *cs_hosts_[host];
            CsId cs;
            const bool made =
                run_step(machine, "make-cs", [this, path, host_id, &cs](Runtime& runtime) {
                    return make_cs(runtime, path, access(), host_id, cs);
                });
            if (!made)
                return false;
            const std::string name = fmt::format("cs{}-{}", host + 1, disk);
            const uint32_t port = shape_.cs_ports_fixed ? 3000 + disk : 0;
            const Address listen{machine.addresses()[0], static_cast<uint16_t>(port)};
            add_service(Service::Kind::cs, name, machine, {});
            Service& service = services_.back();
            service.path = path;
            service.cs = cs;
            service.host_id = host_id;
            service.listen = listen;
            use_chunk_repository(service);
        }
    }
    supervise();
    return true;
}

bool SimCluster::set_up_files() {
    return run_step(*client_hosts_[0], "make-files", [this](Runtime& runtime) {
        return make_files(runtime, client_options(99), workload_options().paths, shape_);
    });
}

bool SimCluster::bring_up() {
    if (!set_up_first_mds() || !set_up_further_mds() || !set_up_chunk_servers())
        return false;
    const bool active = world_.run_until(
        [this] {
            supervise();
            const meta::Master* now = master();
            return now != nullptr && now->servers.answering().size() == chunk_servers_;
        },
        seconds(120));
    if (!active)
        state_.failure = "the chunk servers did not become active: " + state_text();
    return active && set_up_files();
}

std::string SimCluster::doubt_acknowledgement(Instant began) const {
    const auto could_answer = std::ranges::count_if(services_, [began](const Service& service) {
        return service.kind == Service::Kind::cs &&
               (service.running() || service.seen_running.nanoseconds >= began.nanoseconds);
    });
    if (could_answer >= least_minimum_)
        return "";
    return fmt::format(
        "a write was acknowledged while {} chunk servers ran: {} replicas are needed", could_answer,
        least_minimum_);
}

void SimCluster::add_client(
    Machine& host, std::function<Main(client::ClientOptions options, std::string path)> program) {
    const auto at = std::ranges::find(client_hosts_, &host);
    CHECK(at != client_hosts_.end());
    const auto number = static_cast<uint32_t>(at - client_hosts_.begin());
    add_service(Service::Kind::client, host.name(), host, [this, number, program] {
        return program(client_options(number), workload_options().paths.front());
    });
}

void SimCluster::start_clients() {
    for (uint32_t i = 0; i < shape_.clients; i++) {
        add_service(Service::Kind::client, fmt::format("client{}", i + 1), *client_hosts_[i],
                    [this, i] {
                        return client_program(client_options(i), state_, workload_options(),
                                              [this] { return now(); });
                    });
    }
    supervise();
}

void SimCluster::supervise() {
    for (Service& service : services_) {
        if (service.running())
            service.seen_running = world_.now();
        if (service.running() || service.held || !service.machine->powered() ||
            world_.now() < service.not_before)
            continue;
        if (service.kind == Service::Kind::client && state_.stop)
            continue;
        // A program that ended by itself is started again a while later, as an init system would.
        service.not_before = world_.now() + milliseconds(700);
        service.process = &world_.start(*service.machine, service.name, service.main());
    }
}

SimCluster::Service& SimCluster::service(Service::Kind kind, size_t index) {
    const auto at = std::ranges::find_if(services_, [kind, &index](const Service& service) {
        return service.kind == kind && index-- == 0;
    });
    CHECK_NOTE(at != services_.end(), "there are fewer services of that kind");
    return *at;
}

void SimCluster::kill(Service& service, Duration down) {
    if (service.running()) {
        service.seen_running = world_.now();
        world_.kill(*service.process);
    }
    service.not_before = world_.now() + down;
}

void SimCluster::say_changes(const meta::Catalogue& catalogue) {
    catalogue.chunks().for_each([&](uint64_t id, const meta::Chunk& chunk) {
        std::string text = chunk_text(catalogue, ChunkId(id), chunk);
        std::string& said = said_[ChunkId(id)];
        if (text != said)
            world_.say("catalogue", text);
        said = std::move(text);
    });
}

void SimCluster::start_all_now() {
    for (const auto& machine : world_.hosts()) {
        if (!machine->powered())
            world_.power_on(*machine);
    }
    for (Service& service : services_)
        service.not_before = world_.now();
    supervise();
}

const meta::Catalogue* SimCluster::newest_catalogue() const {
    const meta::Catalogue* newest = nullptr;
    for (const auto& [name, mds] : live) {
        if (mds.node() == nullptr)
            continue;
        const meta::Catalogue& catalogue = mds.node()->catalogue();
        if (newest == nullptr || catalogue.applied() > newest->applied())
            newest = &catalogue;
    }
    return newest;
}

const meta::Master* SimCluster::master() const {
    const meta::Master* best = nullptr;
    for (const auto& [name, mds] : live) {
        const meta::Master* one = mds.node() == nullptr ? nullptr : mds.router->master();
        if (one != nullptr && (best == nullptr || one->consensus.term() > best->consensus.term()))
            best = one;
    }
    return best;
}

size_t SimCluster::metadata_servers_abreast() const {
    const LogIndex newest = newest_catalogue()->applied();
    return static_cast<size_t>(std::ranges::count_if(live, [newest](const auto& entry) {
        return entry.second.node() != nullptr && entry.second.node()->applied() == newest;
    }));
}

bool SimCluster::converged() const {
    const meta::Master* now = master();
    if (now == nullptr || now->servers.answering().size() != chunk_servers_)
        return false;
    const meta::Catalogue& catalogue = now->catalogue();
    if (!catalogue.comparisons().empty() || !catalogue.joiners().empty() ||
        !catalogue.fences().empty() || metadata_servers_abreast() != shape_.metadata_servers)
        return false;
    bool whole = true;
    catalogue.chunks().for_each([&](uint64_t, const meta::Chunk& chunk) {
        const uint32_t norm = catalogue.node(chunk.file)->storage.replicas_norm;
        if (chunk.in_sync_count() != norm || chunk.pieces.size() != norm)
            whole = false;
    });
    return whole && now->joins.waiting() == 0 && now->joins.running() == 0;
}

std::string SimCluster::metadata_servers_text() const {
    std::string text;
    for (const auto& [name, mds] : live) {
        if (mds.node() == nullptr)
            continue;
        const raft::Status raft = mds.node()->raft_status();
        text += fmt::format("; {}: MDS#{} {}, term {}, applied {}, log to {}, members {}", name,
                            raft.id.number, raft::name_of(raft.role), raft.term.number,
                            mds.node()->applied().number, raft::describe(raft.last),
                            raft::describe(mds.node()->raft_membership()));
    }
    return text;
}

std::string SimCluster::state_text() const {
    const meta::Master* now = master();
    if (now == nullptr)
        return "no master" + metadata_servers_text();
    const meta::Catalogue& catalogue = now->catalogue();
    std::string text = fmt::format(
        "{} MDS are abreast, {} CS answer, {} comparisons, {} joiners, {} fences",
        metadata_servers_abreast(), now->servers.answering().size(), catalogue.comparisons().size(),
        catalogue.joiners().size(), catalogue.fences().size());
    catalogue.chunks().for_each([&](uint64_t id, const meta::Chunk& chunk) {
        if (chunk.in_sync_count() == catalogue.node(chunk.file)->storage.replicas_norm)
            return;
        text += "; " + chunk_text(catalogue, ChunkId(id), chunk);
    });
    for (const auto& [cs, record] : catalogue.servers()) {
        const meta::ScrubPass* pass = now->scrub.last_pass(cs);
        if (pass != nullptr && (pass->bad > 0 || pass->skipped > 0))
            text += fmt::format("; scrub {} of CS#{}: {} bad, {} skipped", pass->number, cs.number,
                                pass->bad, pass->skipped);
        else if (pass == nullptr && !record.chunks.empty())
            text += fmt::format("; CS#{} was never scrubbed, {} passes", cs.number,
                                now->scrub.pass_number(cs));
    }
    return text;
}

std::string SimCluster::compare_catalogues() const {
    std::map<LogIndex, std::pair<std::string, uint64_t>> seen;
    for (const auto& [name, mds] : live) {
        if (mds.node() == nullptr)
            continue;
        const meta::Catalogue& catalogue = mds.node()->catalogue();
        const uint64_t digest = catalogue.digest();
        const auto [at, fresh] = seen.try_emplace(catalogue.applied(), name, digest);
        if (!fresh && at->second.second != digest)
            return fmt::format("{} and {} differ at log position {} (I3)", at->second.first, name,
                               catalogue.applied().number);
    }
    return "";
}

SimCluster::ScrubMark SimCluster::scrub_mark() const {
    ScrubMark mark;
    const meta::Master* now = master();
    if (now == nullptr)
        return mark;
    mark.term = now->consensus.term();
    for (const auto& [cs, record] : now->catalogue().servers())
        mark.passes[cs] = now->scrub.pass_number(cs);
    return mark;
}

bool SimCluster::scrubbed_since(const ScrubMark& mark) const {
    const meta::Master* now = master();
    if (now == nullptr || now->consensus.term() != mark.term)
        return false;
    if (shape_.verify_chunks == 0)
        return true;
    return std::ranges::all_of(mark.passes, [now](const auto& server) {
        const auto& [cs, before] = server;
        const meta::ScrubPass* pass = now->scrub.last_pass(cs);
        return now->catalogue().server(cs)->chunks.empty() ||
               (pass != nullptr && pass->number > before && pass->bad == 0 && pass->skipped == 0);
    });
}

bool SimCluster::told_of(std::string_view words) const {
    const meta::Catalogue* catalogue = newest_catalogue();
    return catalogue != nullptr &&
           std::ranges::any_of(catalogue->events().all(), [words](const meta::Event& event) {
               return event.text.find(words) != std::string::npos;
           });
}

bool SimCluster::told_of_difference() const {
    return told_of("Content of chunk ");
}

bool SimCluster::told_of_shared_host() const {
    return told_of("with one host ID");
}

bool SimCluster::may_lose_a_replica() const {
    const meta::Catalogue* catalogue = newest_catalogue();
    if (catalogue == nullptr || !catalogue->comparisons().empty())
        return false;
    bool enough = true;
    catalogue->chunks().for_each([&](uint64_t, const meta::Chunk& chunk) {
        const auto reliable = std::ranges::count_if(
            chunk.pieces,
            [](const meta::ChunkPiece& piece) { return piece.in_sync() && !piece.suspect; });
        enough = enough && reliable >= 2;
    });
    return enough;
}

std::vector<AuditedChunk> SimCluster::chunks_to_audit() const {
    std::vector<AuditedChunk> chunks;
    const meta::Catalogue* catalogue = newest_catalogue();
    CHECK(catalogue != nullptr);
    catalogue->chunks().for_each([&](uint64_t id, const meta::Chunk& chunk) {
        AuditedChunk audited;
        audited.tag = {chunk.file, ChunkId(id), chunk.version, catalogue->node(chunk.file)->epoch};
        audited.blocks = static_cast<uint32_t>(shape_.chunk_size / block_size);
        for (const meta::ChunkPiece& piece : chunk.pieces) {
            if (piece.in_sync())
                audited.replicas.emplace_back(piece.cs, catalogue->servers().at(piece.cs).address);
        }
        chunks.push_back(std::move(audited));
    });
    return chunks;
}

// A server that was down for a moment may have moved, and a set may change: what is wrong must stay
// wrong.
std::string SimCluster::audit() {
    constexpr int attempts = 6;
    for (int attempt = 1;; attempt++) {
        const std::vector<AuditedChunk> chunks = chunks_to_audit();
        const bool equal = run_step(*client_hosts_[0], "audit", [this, chunks](Runtime& runtime) {
            return audit_replicas(runtime, access(), chunks, seconds(10));
        });
        if (equal || attempt == attempts)
            return equal ? "" : *state_.failure;
        state_.failure.reset();
        supervise();
    }
}

bool SimCluster::read_back() {
    return run_step(*client_hosts_[0], "read-back", [this](Runtime& runtime) {
        return read_everything(runtime, client_options(98), state_, workload_options(),
                               [this] { return now(); });
    });
}

}  // namespace cairn::sim
