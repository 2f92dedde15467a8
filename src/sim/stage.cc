#include "sim/stage.h"

#include <algorithm>
#include <set>

namespace cairn::sim {

namespace {

// How soon an actor looks for new orders.
constexpr Duration attention = milliseconds(1);
constexpr Duration step = milliseconds(20);

}  // namespace

// ---- actors ----

struct Actor::Seat {
    client::Client& client;
    std::string path;
    std::shared_ptr<client::OpenFile> file = nullptr;
    uint64_t opening = 0;
};

ActRef Actor::tell(Order order) {
    auto act = std::make_shared<Act>();
    orders_.emplace_back(std::move(order), act);
    return act;
}

Task<Result<BlockValue>> Actor::not_open() {
    co_return Error(Code::invalid_argument, "the file is not open here");
}

ActRef Actor::tell_about_file(Order order) {
    return tell([order = std::move(order)](Seat& seat) {
        return seat.file == nullptr ? not_open() : order(seat);
    });
}

Task<Result<BlockValue>> Actor::open_file(Recorder& recorder, Seat& seat, LeaseMode mode) {
    Result<NodeAttributes> node = co_await seat.client.look_up(seat.path);
    if (!node)
        co_return node.error();
    auto file = co_await seat.client.open(node->file, mode);
    while (!file && file.code() == Code::busy) {
        co_await Sleep(seat.client.runtime().loop, milliseconds(50));
        file = co_await seat.client.open(node->file, mode);
    }
    if (!file)
        co_return file.error();
    seat.file = *file;
    seat.opening = recorder.opened(**file);
    co_return BlockValue{};
}

ActRef Actor::open(LeaseMode mode) {
    return tell([this, mode](Seat& seat) { return open_file(recorder_, seat, mode); });
}

Task<Result<BlockValue>> Actor::valueless(Task<Result<void>> task) {
    CO_TRY(co_await std::move(task));
    co_return BlockValue{};
}

ActRef Actor::write(uint64_t block, uint64_t count) {
    return tell_about_file([this, block, count](Seat& seat) {
        return valueless(recorder_.write(*seat.file, seat.opening, block, count));
    });
}

ActRef Actor::write_durable(uint64_t block) {
    return tell_about_file([this, block](Seat& seat) {
        return valueless(
            recorder_.write(*seat.file, seat.opening, block, 1, client::WriteUntil::durable));
    });
}

ActRef Actor::trim(uint64_t block, uint64_t count) {
    return tell_about_file([this, block, count](Seat& seat) {
        return valueless(recorder_.trim(*seat.file, seat.opening, block, count, true));
    });
}

ActRef Actor::read(uint64_t block) {
    return tell_about_file(
        [this, block](Seat& seat) { return recorder_.read(*seat.file, seat.opening, block, 1); });
}

ActRef Actor::flush() {
    return tell_about_file(
        [this](Seat& seat) { return valueless(recorder_.flush(*seat.file, seat.opening)); });
}

ActRef Actor::close() {
    return tell_about_file([this](Seat& seat) {
        return valueless(
            recorder_.close(seat.client, std::exchange(seat.file, nullptr), seat.opening));
    });
}

Task<void> Actor::perform(Seat& seat, Order order, ActRef act) {
    act->outcome = co_await order(seat);
    seat.client.runtime().log.write(
        Severity::info, "actor",
        *act->outcome ? "done " + std::to_string(**act->outcome) : act->outcome->error().message());
}

Task<void> Actor::run(Runtime& runtime, client::ClientOptions options, std::string path) {
    client::Client client(runtime, std::move(options));
    Result<void> started = co_await client.start();
    Seat seat{client, std::move(path)};
    {
        Scope acts(runtime.loop);
        while (started && !state_.stop) {
            for (; !orders_.empty(); orders_.pop_front()) {
                const bool opens = seat.file == nullptr;
                auto& [order, act] = orders_.front();
                // Nothing can be done with the file before it is open.
                if (opens)
                    co_await perform(seat, std::move(order), std::move(act));
                else
                    acts.spawn(perform(seat, std::move(order), std::move(act)));
            }
            co_await Sleep(runtime.loop, attention);
        }
        co_await acts.join();
    }
    if (seat.file != nullptr)
        static_cast<void>(co_await recorder_.close(client, std::move(seat.file), seat.opening));
    co_await client.stop();
}

Main Actor::program(client::ClientOptions options, std::string path) {
    orders_.clear();
    return [this, options = std::move(options), path = std::move(path)](Runtime& runtime) {
        return run(runtime, options, path);
    };
}

// ---- the stage ----

Stage::Stage(World& world, SimCluster& cluster) : world_(world), cluster_(cluster) {
    for (Machine* host : cluster.client_hosts()) {
        actors_.push_back(std::make_unique<Actor>(
            *host, cluster.state(), [&world] { return Instant{world.now().nanoseconds}; }));
        Actor* actor = actors_.back().get();
        cluster.add_client(*host, [actor](client::ClientOptions options, std::string path) {
            return actor->program(std::move(options), std::move(path));
        });
    }
    cluster.supervise();
}

SimCluster::Service& Stage::cs(size_t index) {
    return cluster_.service(SimCluster::Service::Kind::cs, index);
}

SimCluster::Service& Stage::mds(size_t index) {
    return cluster_.service(SimCluster::Service::Kind::mds, index);
}

const meta::MetaNode* Stage::node(size_t index) {
    const auto live = cluster_.live.find(mds(index).name);
    return live == cluster_.live.end() ? nullptr : live->second.node();
}

bool Stage::has_flushed(Actor& writer) {
    return done(writer.open(LeaseMode::exclusive)) && done(writer.write(0)) && done(writer.flush());
}

std::optional<Stage::OneOfTwo> Stage::has_flushed_to_two(Actor& writer) {
    if (!has_flushed(writer))
        return std::nullopt;
    const std::vector<size_t> holders = in_sync();
    if (holders.size() != 2)
        return std::nullopt;
    return OneOfTwo{holders[dice().below(2)], 3 - holders[0] - holders[1]};
}

void Stage::die_writing_to_one(Actor& writer, size_t reached) {
    for (size_t i = 0; i < cluster_.shape().cs_hosts; i++) {
        if (i != reached)
            world_.block(writer.host(), cs_host(i));
    }
    writer.write(0);
    run_for(milliseconds(20));
    world_.cut_power(writer.host());
    cluster_.revoke_leases_of(writer.host().name());
}

bool Stage::all_vote() {
    return until([this] {
        const std::optional<size_t> master = master_index();
        if (!master)
            return false;
        const raft::Status status = node(*master)->raft_status();
        const auto votes =
            std::ranges::count_if(status.members, [&status](const raft::MemberStatus& member) {
                return !member.learner && member.match == status.last.index;
            });
        return votes + 1 == cluster_.shape().metadata_servers;
    });
}

std::optional<size_t> Stage::master_index() const {
    const meta::Master* master = cluster_.master();
    size_t index = 0;
    for (const SimCluster::Service& service : cluster_.services()) {
        if (service.kind != SimCluster::Service::Kind::mds)
            continue;
        const auto live = cluster_.live.find(service.name);
        if (master != nullptr && live != cluster_.live.end() && live->second.node() != nullptr &&
            live->second.router->master() == master)
            return index;
        index++;
    }
    return std::nullopt;
}

const meta::Chunk* Stage::chunk() const {
    const meta::Catalogue* catalogue = cluster_.newest_catalogue();
    const meta::Chunk* first = nullptr;
    if (catalogue != nullptr)
        catalogue->chunks().for_each([&first](uint64_t, const meta::Chunk& chunk) {
            if (first == nullptr)
                first = &chunk;
        });
    return first;
}

std::optional<PieceState> Stage::piece(size_t index) const {
    const meta::Chunk* found = chunk();
    if (found == nullptr)
        return std::nullopt;
    for (const meta::ChunkPiece& piece : found->pieces) {
        if (piece.cs == id_of(index))
            return piece.in_sync() ? PieceState::in_sync : PieceState::joining;
    }
    return std::nullopt;
}

std::vector<size_t> Stage::in_sync() const {
    std::vector<size_t> found;
    if (const meta::Chunk* now = chunk()) {
        for (const meta::ChunkPiece& piece : now->pieces) {
            if (piece.in_sync())
                found.push_back(index_of(piece.cs));
        }
    }
    return found;
}

bool Stage::shares_a_host(const meta::Chunk& chunk) {
    std::set<const Machine*> machines;
    return !std::ranges::all_of(chunk.pieces, [&](const meta::ChunkPiece& piece) {
        return machines.insert(cs(index_of(piece.cs)).machine).second;
    });
}

bool Stage::comparing() const {
    const meta::Catalogue* catalogue = cluster_.newest_catalogue();
    return catalogue != nullptr && !catalogue->comparisons().empty();
}

// As client/read_path.cc orders them, with nothing in flight and no client on a server's host.
size_t Stage::read_first(uint64_t index) const {
    CsId first;
    cluster_.newest_catalogue()->chunks().for_each([&](uint64_t id, const meta::Chunk& chunk) {
        if (chunk.index != index)
            return;
        std::vector<CsId> in_sync;
        for (const meta::ChunkPiece& piece : chunk.pieces) {
            if (piece.in_sync())
                in_sync.push_back(piece.cs);
        }
        first = in_sync.at(id % in_sync.size());
    });
    CHECK_NOTE(!first.is_none(), "there is no such chunk");
    return index_of(first);
}

bool Stage::until(const std::function<bool()>& condition, Duration limit) {
    const SimTime end = world_.now() + limit;
    while (world_.now() < end && !cluster_.state().failure) {
        const bool came = world_.run_until(condition, std::min(step, end - world_.now()));
        cluster_.supervise();
        cluster_.note_losses();
        if (came)
            return true;
    }
    return false;
}

void Stage::run_for(Duration duration) {
    static_cast<void>(until([] { return false; }, duration));
}

bool Stage::done(const ActRef& act, Duration limit) {
    return until([&act] { return act->ended(); }, limit) && act->succeeded();
}

Duration Stage::some(Duration least, Duration most) {
    return least + Duration{static_cast<int64_t>(
                       dice().below(static_cast<uint64_t>((most - least).nanoseconds) + 1))};
}

void Stage::kill(SimCluster::Service& service) {
    cluster_.kill(service, seconds(3600));
}

void Stage::bring_back(SimCluster::Service& service) {
    service.not_before = world_.now();
    cluster_.supervise();
}

bool Stage::start_again(size_t cs_index) {
    const CsId id = id_of(cs_index);
    const auto last_start = [this, id] {
        const meta::Catalogue* catalogue = cluster_.newest_catalogue();
        return catalogue == nullptr ? 0 : catalogue->server(id)->start_mark;
    };
    const uint64_t before = last_start();
    bring_back(cs(cs_index));
    return until([this, id, before, &last_start] {
        const meta::Master* master = cluster_.master();
        return last_start() != before && master != nullptr && master->servers.answers(id);
    });
}

void Stage::cut_off(const World::Machines& machines) {
    World::Machines others;
    for (const auto& host : world_.hosts()) {
        if (std::ranges::find(machines, host.get()) == machines.end())
            others.push_back(host.get());
    }
    world_.partition(machines, others);
}

void Stage::cut_power(const World::Machines& machines, Duration down) {
    cluster_.cut_power(machines, down);
}

bool Stage::lose(size_t cs_index, Actor& writer) {
    constexpr uint64_t block_of_no_story = 15;
    kill(cs(cs_index));
    return done(writer.write(block_of_no_story)) && !piece(cs_index).has_value();
}

}  // namespace cairn::sim
