// The steps of RandomWorld. Included by the tests that use them.
#pragma once

#include "meta/operations/invariants_for_tests.h"
#include "meta/operations/random_log_for_tests.h"

namespace cairn::meta {

inline void RandomWorld::step() {
    switch (stream.below(10)) {
        case 0:
        case 1: return tree_step();
        case 2:
        case 3: return lease_step();
        case 4:
        case 5:
        case 6: return write_step();
        case 7:
        case 8: return set_step();
        default: return server_step();
    }
}

inline void RandomWorld::tree_step() {
    switch (stream.below(9)) {
        case 0:
        case 1:
        case 2: {
            logged::MakeNode make;
            make.parent = some_directory();
            make.name = some_name();
            make.node_kind = static_cast<NodeKind>(1 + stream.below(3));
            make.symlink_target = make.node_kind == NodeKind::symlink ? "../" + some_name() : "";
            if (stream.chance(30))
                make.chunk_size = 1ULL << (16 + stream.below(6));
            run(make);
            return;
        }
        case 3: run(logged::RemoveNode{some_directory(), some_name(), stream.chance(40)}); return;
        case 4:
            run(logged::RenameNode{some_directory(), some_name(), some_directory(), some_name(),
                                   stream.chance(20)});
            return;
        case 5:
            run(logged::SetAttributes{some_node(),
                                      stream.chance(30),
                                      static_cast<uint8_t>(1 + stream.below(4)),
                                      {},
                                      {},
                                      {}});
            return;
        case 6:
            run(logged::SetNode{some_node(), static_cast<uint32_t>(stream.below(512)), {}, {}, {}});
            return;
        case 7: {
            const Held held = some_lease();
            run(logged::Truncate{held.file, held.client, instance_of(held.client),
                                 stream.below(6) << (stream.chance(50) ? 28 : 20)});
            return;
        }
        default: {
            // In a session, and now and then a second time.
            logged::MakeNode make;
            make.parent = root_file;
            make.name = some_name();
            const RequestHeader origin{client, instance_of(client), 1 + stream.below(300),
                                       stream.below(200)};
            run(make, origin);
            if (stream.chance(50))
                run(make, origin);
            return;
        }
    }
}

inline void RandomWorld::lease_step() {
    const Held held = some_lease();
    const InstanceId instance = instance_of(held.client);
    switch (stream.below(9)) {
        case 0:
        case 1:
        case 2:
        case 3: {
            const ClientId opener = clients[stream.below(clients.size())];
            run(logged::GrantLease{some_node(), opener, instance_of(opener),
                                   stream.chance(70) ? LeaseMode::exclusive : LeaseMode::shared,
                                   seconds(static_cast<int64_t>(stream.below(90)))});
            return;
        }
        case 4:
            run(logged::CloseLease{held.file, held.client, instance, epoch_of(held.file),
                                   stream.chance(50), stream.below(1 << 30), WallTime{5}});
            return;
        case 5:
            run(logged::EndLeases{static_cast<logged::LeaseEnd>(1 + stream.below(4)),
                                  {{held.file, epoch_of(held.file), {{held.client, instance}}}}});
            return;
        case 6:
        case 7:
            for (const auto& [file, epoch] : catalogue.fences())
                if (stream.chance(50))
                    run(logged::FenceDone{{{file, epoch}}});
            return;
        default: {
            if (stream.chance(30))
                run(logged::UnregisterClient{held.client, instance});
            // A new instance, or now and then a former one, which is refused.
            const logged::RegisterClient again{HostId(99), "node",
                                               "/m" + std::to_string(stream.below(3)),
                                               InstanceId(1 + stream.below(30))};
            if (const auto made = run(again).as<logged::RegisterClientAnswer>())
                clients[stream.below(clients.size())] = made->client;
            return;
        }
    }
}

inline void RandomWorld::write_step() {
    const Held held = some_lease();
    const InstanceId instance = instance_of(held.client);
    const LeaseEpoch epoch = epoch_of(held.file);
    const ChunkId chunk = some_chunk();
    switch (stream.below(5)) {
        case 0:
        case 1: {
            const auto reserved =
                run(logged::ReserveChunkIds{static_cast<uint32_t>(1 + stream.below(200))})
                    .as<logged::ReserveChunkIdsAnswer>();
            logged::AddChunks add{held.file, held.client, instance, epoch, {}};
            for (uint64_t i = 0; i < 1 + stream.below(3); i++) {
                logged::AddChunks::NewChunk made{
                    stream.below(300), ChunkId(reserved->first.number + i), {}};
                const size_t count = 1 + stream.below(4);
                for (size_t k = 0; k < count; k++) {
                    const CsId cs = servers[(i + k + stream.below(2)) % servers.size()];
                    made.places.push_back({cs, catalogue.server(cs)->sync_epoch});
                }
                add.chunks.push_back(made);
            }
            run(add);
            return;
        }
        case 2: run(logged::MarkChunks{held.file, held.client, instance, epoch, {chunk}}); return;
        case 3:
            run(logged::UnmarkChunks{
                held.file, held.client, instance, epoch, {{chunk, seen_version(chunk)}}});
            return;
        default:
            run(logged::SetFileSize{held.file, held.client, instance, epoch,
                                    stream.below(1ULL << 32), stream.chance(50), WallTime{9}});
            return;
    }
}

inline void RandomWorld::set_step() {
    ChunkId chunk = some_chunk();
    const auto& running = catalogue.comparisons();
    if (!running.empty() && stream.chance(50)) {
        auto at = running.begin();
        std::advance(at, static_cast<ptrdiff_t>(stream.below(running.size())));
        chunk = at->first;
    }
    const Version version = seen_version(chunk);
    const CsId cs = some_piece(chunk);
    switch (stream.below(7)) {
        case 0:
            run(logged::LeaveReplicas{stream.chance(20), some_answering(), {{chunk, version, cs}}});
            return;
        case 1: {
            const CsId joiner = some_server();
            run(logged::JoinReplica{chunk, version, joiner, catalogue.server(joiner)->sync_epoch});
            return;
        }
        case 2:
            for (const auto& [joining, server] : std::set(catalogue.joiners()))
                if (stream.chance(50))
                    run(logged::JoinDone{joining, piece(joining, server)->since, server});
            return;
        case 3: run(logged::RestartComparisons{{{chunk, version}}}); return;
        case 4: run(logged::ChooseSource{chunk, version, cs}); return;
        case 5:
            run(logged::StandIn{chunk, version, cs, {static_cast<uint32_t>(stream.below(40))}});
            return;
        default: run(logged::ComparisonDone{chunk, version}); return;
    }
}

inline void RandomWorld::server_step() {
    const CsId cs = some_server();
    answering = some_answering();
    switch (stream.below(8)) {
        case 0:
        case 1: start(cs, stream.chance(60)); return;
        case 5: run(logged::DrainCs{cs, stream.chance(50)}); return;
        case 6:
            if (stream.chance(20))
                run(logged::SetCsState{cs, CsLoggedState::dropped});
            if (run(logged::RemoveCs{cs}).ok()) {
                const HostId host(catalogue.tables().counters.next_cs.number);
                const Answer made = run(logged::AddCs{host, "host", "/disk", 0});
                const CsId added = made.as<logged::AddCsAnswer>()->cs;
                std::ranges::replace(servers, cs, added);
                start(added);
            }
            return;
        case 2:
            run(logged::SetCsState{cs, CsLoggedState::offline});
            run(logged::LoseCsReplicas{cs, {}, static_cast<uint32_t>(stream.below(20)), answering});
            return;
        case 3:
            run(logged::SetConfig{"mds.wd.max_offline_cs", std::to_string(stream.below(9)), "x"});
            return;
        case 4: run(logged::AddEvent{EventSystem::mds, EventSeverity::info, "event"}); return;
        default: metadata_server_step(); return;
    }
}

inline void RandomWorld::metadata_server_step() {
    const auto some_address = [this] {
        return Address{"10.0.0.1", static_cast<uint16_t>(stream.below(9))};
    };
    if (stream.chance(60)) {
        run(logged::AddMds{some_address(), true});
        return;
    }
    logged::MoveMds move;
    for (const auto& [mds, record] : catalogue.metadata_servers()) {
        const Address known = stream.chance(80) ? record.address : some_address();
        move.servers.push_back({mds, some_address(), {known}});
    }
    run(move);
}

}  // namespace cairn::meta
