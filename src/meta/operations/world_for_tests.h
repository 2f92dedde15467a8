// A catalogue with servers, a client and files, for the tests of operations. Each step applies an
// entry, as the log would, and keeps its effects.
#pragma once

#include <gtest/gtest.h>

#include "meta/operations/apply.h"
#include "wire/log_chunks.h"
#include "wire/log_cluster.h"
#include "wire/log_leases.h"
#include "wire/log_tree.h"

namespace cairn::meta {

class World {
  public:
    explicit World(uint32_t server_count = 4) {
        logged::CreateCluster create;
        create.cluster.bytes[0] = 7;
        create.name = "test";
        EXPECT_TRUE(run(create).ok());
        for (uint32_t i = 0; i < server_count; i++) {
            logged::AddCs add{HostId(i + 1), "host", "/cs", 0};
            servers.push_back(run(add).as<logged::AddCsAnswer>()->cs);
            start(servers.back());
        }
        EXPECT_TRUE(
            run(logged::SetAttributes{root_file, false, uint8_t{3}, uint8_t{2}, {}, {}}).ok());
        client = new_client("/mnt");
    }

    template <class Operation>
    Answer run(const Operation& operation, const RequestHeader& origin = {}) {
        return run_entry(entry_of(operation, WallTime{static_cast<int64_t>(++clock)}, origin));
    }
    Answer run_entry(const LogEntry& entry) {
        log.push_back(entry);
        Result<Applied> applied =
            apply(catalogue, catalogue.applied().next(), *decode_entry(encode_entry(entry)), rules);
        EXPECT_TRUE(applied.has_value());
        effects = applied->effects;
        repeated = applied->repeated;
        return applied->answer;
    }

    ClientId new_client(const std::string& name, uint64_t instance = 1) {
        logged::RegisterClient add{HostId(99), "node", name, InstanceId(instance)};
        return run(add).as<logged::RegisterClientAnswer>()->client;
    }

    // What a start would say: sync epoch + 1, integrity sequence + 1 if it was unclean.
    Answer start(CsId cs, bool unclean = false) {
        const CsRecord& record = *catalogue.server(cs);
        logged::CsStarted started{cs,
                                  record.host,
                                  record.host_name,
                                  Address{"10.0.0.1", static_cast<uint16_t>(cs.number)},
                                  record.repository,
                                  record.tier,
                                  record.integrity_sequence + (unclean ? 1 : 0),
                                  record.sync_epoch + 1,
                                  record.start_mark + 1,
                                  answering,
                                  record.start_mark};
        return run(started);
    }

    FileId make_file(const std::string& name, FileId parent = root_file) {
        logged::MakeNode make;
        make.parent = parent;
        make.name = name;
        return run(make).as<logged::NodeAnswer>()->node.file;
    }
    FileId make_directory(const std::string& name, FileId parent = root_file) {
        logged::MakeNode make;
        make.parent = parent;
        make.name = name;
        make.node_kind = NodeKind::directory;
        return run(make).as<logged::NodeAnswer>()->node.file;
    }
    Answer remove(const std::string& name, bool directory = false) {
        return run(logged::RemoveNode{root_file, name, directory});
    }

    Answer grant(FileId file, LeaseMode mode, ClientId to, uint64_t instance = 1) {
        return run(logged::GrantLease{file, to, InstanceId(instance), mode, {}});
    }
    LeaseEpoch open(FileId file, LeaseMode mode = LeaseMode::exclusive) {
        return grant(file, mode, client).as<logged::GrantLeaseAnswer>()->epoch;
    }
    Answer close(FileId file) {
        return run(logged::CloseLease{file, client, InstanceId(1), epoch(file), false, 0, {}});
    }
    uint32_t end(FileId file, ClientId holder, logged::LeaseEnd reason) {
        logged::EndLeases end_all{reason, {{file, epoch(file), {{holder, InstanceId(1)}}}}};
        return run(end_all).as<logged::EndLeasesAnswer>()->leases_ended;
    }
    LeaseEpoch epoch(FileId file) const { return catalogue.node(file)->epoch; }
    uint32_t fence_done(FileId file) {
        return run(logged::FenceDone{{{file, epoch(file)}}}).as<logged::FenceDoneAnswer>()->lifted;
    }

    // A chunk on the first `count` servers, under the client's exclusive lease.
    ChunkId add_chunk(FileId file, uint64_t index, size_t count = 3) {
        const ChunkId id =
            run(logged::ReserveChunkIds{1}).as<logged::ReserveChunkIdsAnswer>()->first;
        logged::AddChunks add{file, client, InstanceId(1), epoch(file), {{index, id, {}}}};
        for (size_t i = 0; i < count; i++)
            add.chunks[0].places.push_back({servers[i], catalogue.server(servers[i])->sync_epoch});
        EXPECT_EQ(run(add).as<logged::AddChunksAnswer>()->codes, std::vector<uint16_t>{0});
        return id;
    }
    uint32_t unmark(FileId file, ChunkId chunk) {
        logged::UnmarkChunks flushed{
            file, client, InstanceId(1), epoch(file), {{chunk, version(chunk)}}};
        return run(flushed).as<logged::UnmarkChunksAnswer>()->unmarked;
    }
    Version version(ChunkId chunk) const { return catalogue.chunk(chunk)->version; }
    const ChunkPiece* piece(ChunkId chunk, CsId cs) const {
        return catalogue.chunk(chunk)->pieces.find(cs);
    }
    Code leave(ChunkId chunk, CsId cs, bool lost = false) {
        logged::LeaveReplicas leaving{lost, answering, {{chunk, version(chunk), cs}}};
        return static_cast<Code>(run(leaving).as<logged::LeaveReplicasAnswer>()->codes[0]);
    }
    Answer join(ChunkId chunk, CsId cs) {
        return run(
            logged::JoinReplica{chunk, version(chunk), cs, catalogue.server(cs)->sync_epoch});
    }
    Answer join_done(ChunkId chunk, CsId cs) {
        return run(logged::JoinDone{chunk, piece(chunk, cs)->since, cs});
    }
    Answer choose_source(ChunkId chunk, CsId cs) {
        return run(logged::ChooseSource{chunk, version(chunk), cs});
    }
    Answer comparison_done(ChunkId chunk) {
        return run(logged::ComparisonDone{chunk, version(chunk)});
    }
    bool comparing(ChunkId chunk) const { return catalogue.comparison(chunk) != nullptr; }

    Rules rules;
    Catalogue catalogue;
    std::vector<LogEntry> log;
    std::vector<CsId> servers;
    std::vector<CsId> answering{CsId(1025), CsId(1026), CsId(1027), CsId(1028)};
    ClientId client;
    Effects effects;
    bool repeated = false;
    uint64_t clock = 1000;
};

}  // namespace cairn::meta
