// A reproducible stream of operations that mostly make sense for the catalogue as it is. For tests.
#pragma once

#include "meta/operations/world_for_tests.h"

namespace cairn::meta {

class Stream {
  public:
    explicit Stream(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
    uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_ * 0x2545F4914F6CDD1DULL;
    }
    uint64_t below(uint64_t bound) { return (next() >> 11) % bound; }
    bool chance(uint64_t percent) { return below(100) < percent; }

  private:
    uint64_t state_;
};

class RandomWorld : public World {
  public:
    explicit RandomWorld(uint64_t seed) : World(6), stream(seed) {
        clients = {client, new_client("/b"), new_client("/c")};
        for (int i = 0; i < 3; i++)
            make_directory("dir" + std::to_string(i));
        for (int i = 0; i < 6; i++)
            make_file("file" + std::to_string(i), some_directory());
    }

    void step();

    Stream stream;
    std::vector<ClientId> clients;

  private:
    FileId some_node() {
        const auto entry =
            catalogue.tables().nodes.next(stream.below(catalogue.counters().next_file.number));
        return entry.value == nullptr ? root_file : FileId(entry.key);
    }
    FileId some_directory() {
        const FileId file = some_node();
        return catalogue.node(file)->is_directory() ? file : root_file;
    }
    ChunkId some_chunk() {
        const auto entry =
            catalogue.chunks().next(stream.below(catalogue.counters().chunk_limit.number));
        return entry.value == nullptr ? ChunkId{} : ChunkId(entry.key);
    }
    Version seen_version(ChunkId chunk) {
        const Chunk* found = catalogue.chunk(chunk);
        return found == nullptr || stream.chance(5) ? Version(1) : found->version;
    }
    CsId some_server() { return servers[stream.below(servers.size())]; }
    CsId some_piece(ChunkId chunk) {
        const Chunk* found = catalogue.chunk(chunk);
        if (found == nullptr || stream.chance(10))
            return some_server();
        return found->pieces.all()[stream.below(found->pieces.size())].cs;
    }
    std::string some_name() { return "file" + std::to_string(stream.below(12)); }
    InstanceId instance_of(ClientId of) {
        const ClientRecord* record = catalogue.client(of);
        return record == nullptr ? InstanceId(1) : record->instance;
    }
    std::vector<CsId> some_answering() {
        std::vector<CsId> some;
        for (const CsId cs : servers)
            if (stream.chance(80))
                some.push_back(cs);
        return some;
    }
    struct Held {
        FileId file;
        ClientId client;
    };
    // Some lease that stands, mostly.
    Held some_lease() {
        const auto& leases = catalogue.leases();
        auto lease = leases.begin();
        if (leases.empty())
            return {some_node(), clients[0]};
        std::advance(lease, static_cast<ptrdiff_t>(stream.below(leases.size())));
        if (lease->second.holders.empty())
            return {lease->first, clients[stream.below(clients.size())]};
        const auto& holders = lease->second.holders;
        return {lease->first, holders[stream.below(holders.size())].client};
    }
    LeaseEpoch epoch_of(FileId file) {
        const Node* node = catalogue.node(file);
        return node == nullptr ? LeaseEpoch(1) : node->epoch;
    }

    void tree_step();
    void lease_step();
    void write_step();
    void set_step();
    void server_step();
    void metadata_server_step();
};

}  // namespace cairn::meta
