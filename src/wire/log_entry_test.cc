// Log entries: golden bytes, and every operation through encode and decode.
#include "wire/log_entry.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "wire/log_chunks.h"
#include "wire/log_cluster.h"
#include "wire/log_leases.h"
#include "wire/log_tree.h"

namespace cairn {
namespace {

std::string hex(ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

LogEntry example() {
    const logged::LeaveReplicas leave{
        true, {CsId(1025), CsId(1026)}, {{ChunkId(7), Version(3), CsId(1027)}}};
    return entry_of(leave, WallTime{0x1122334455667788},
                    RequestHeader{ClientId(2049), InstanceId(0xAABB), 12, 10});
}

TEST(LogEntry, HasGoldenBytes) {
    EXPECT_EQ(hex(encode_entry(example())),
              "0100"              // format
              "3600"              // kind: leave_replicas
              "0100"              // feature level
              "0000"              //
              "8877665544332211"  // proposed
              "01080000"          // client
              "00000000"          //
              "bbaa000000000000"  // instance
              "0c00000000000000"  // sequence
              "0a00000000000000"  // answered below
              "21000000"          // length of the operation
              "01"                // lost
              "02000000"          // answering
              "0104000002040000"  //
              "01000000"          // replicas
              "0700000000000000"  //
              "03000000"          //
              "03040000");
}

TEST(LogEntry, DecodesToWhatWasEncoded) {
    const LogEntry entry = example();
    const Result<LogEntry> back = decode_entry(encode_entry(entry));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->kind, LogKind::leave_replicas);
    EXPECT_EQ(back->feature_level, 1);
    EXPECT_EQ(back->proposed, entry.proposed);
    EXPECT_EQ(back->origin.client, entry.origin.client);
    EXPECT_EQ(back->origin.instance, entry.origin.instance);
    EXPECT_EQ(back->origin.sequence, 12U);
    EXPECT_EQ(back->origin.answered_below, 10U);
    EXPECT_EQ(back->operation, entry.operation);
    const auto operation = decode<logged::LeaveReplicas>(back->operation);
    ASSERT_TRUE(operation.has_value());
    EXPECT_EQ(operation->replicas[0].cs, CsId(1027));
}

TEST(LogEntry, RefusesWhatIsNotWhole) {
    const Bytes good = encode_entry(example());
    for (size_t length = 0; length < good.size(); length++)
        EXPECT_FALSE(decode_entry(ByteView(good).first(length)));
    Bytes longer = good;
    longer.push_back(std::byte{0});
    EXPECT_EQ(decode_entry(longer).code(), Code::corrupt);
    Bytes padded = good;
    padded[6] = std::byte{1};
    EXPECT_EQ(decode_entry(padded).code(), Code::corrupt);
    Bytes newer = good;
    newer[0] = std::byte{2};
    EXPECT_EQ(decode_entry(newer).code(), Code::version_mismatch);
}

// Encoding what was decoded gives the same bytes; `make` fills fields with what is not the default.
template <class Operation>
void round_trip(const Operation& operation) {
    const Bytes bytes = encode(operation);
    const Result<Operation> back = decode<Operation>(bytes);
    ASSERT_TRUE(back.has_value()) << name_of(Operation::kind);
    EXPECT_EQ(encode(*back), bytes) << name_of(Operation::kind);
    EXPECT_NE(name_of(Operation::kind), "unknown");
}

TEST(LogEntry, EveryOperationRoundTrips) {
    using namespace logged;
    const ClientId client(2050);
    const InstanceId instance(9);
    const LeaseEpoch epoch(4);
    const FileId file(5);
    const ChunkId chunk(6);
    const CsId cs(1030);
    round_trip(CreateCluster{ClusterId{{1, 2}}, "name"});
    round_trip(MakeNode{file, "n", NodeKind::symlink, 1, 2, 3, "target", 65536});
    round_trip(RemoveNode{file, "n", true});
    round_trip(RenameNode{file, "a", FileId(7), "b", true});
    round_trip(SetAttributes{file, true, uint8_t{3}, uint8_t{2}, FailureDomain::disk, uint8_t{1}});
    round_trip(SetNode{file, 1, 2, 3, WallTime{4}});
    round_trip(Truncate{file, client, instance, 99});
    round_trip(SetFileSize{file, client, instance, epoch, 99, true, WallTime{4}});
    round_trip(RegisterClient{HostId(1), "h", "n", instance});
    round_trip(UnregisterClient{client, instance});
    round_trip(GrantLease{file, client, instance, LeaseMode::exclusive, seconds(9)});
    round_trip(CloseLease{file, client, instance, epoch, true, 9, WallTime{1}});
    round_trip(EndLeases{LeaseEnd::revoked, {{file, epoch, {{client, instance}}}}});
    round_trip(FenceDone{{{file, epoch}}});
    round_trip(ReserveChunkIds{100});
    round_trip(AddChunks{file, client, instance, epoch, {{3, chunk, {{cs, 8}}}}});
    round_trip(MarkChunks{file, client, instance, epoch, {chunk}});
    round_trip(UnmarkChunks{file, client, instance, epoch, {{chunk, Version(2)}}});
    round_trip(LeaveReplicas{true, {cs}, {{chunk, Version(2), cs}}});
    round_trip(JoinReplica{chunk, Version(2), cs, 8});
    round_trip(JoinDone{chunk, Version(2), cs});
    round_trip(RestartComparisons{{{chunk, Version(2)}}});
    round_trip(ChooseSource{chunk, Version(2), cs});
    round_trip(logged::StandIn{chunk, Version(2), cs, {1, 2}});
    round_trip(ComparisonDone{chunk, Version(2)});
    round_trip(AddCs{HostId(1), "h", "/r", 2});
    round_trip(CsStarted{cs, HostId(1), "h", Address{"10.0.0.1", 1}, "/r", 2, 3, 4, 5, {cs}, 6});
    round_trip(SetCsState{cs, CsLoggedState::offline});
    round_trip(LoseCsReplicas{cs, chunk, 10, {cs}});
    round_trip(DrainCs{cs, false});
    round_trip(RemoveCs{cs});
    round_trip(SetConfig{"n", "v", "by"});
    round_trip(AddEvent{EventSystem::journal, EventSeverity::error, "text"});
    round_trip(AddMds{Address{"10.0.0.1", 1}, true});
    round_trip(ChangeMds{MdsId(1), Address{"10.0.0.1", 1}, true});
    round_trip(RemoveMds{MdsId(1)});
    round_trip(MoveMds{
        {{MdsId(1), Address{"10.0.0.2", 1}, {Address{"10.0.0.1", 1}, Address{"10.0.0.3", 1}}},
         {MdsId(2), Address{"10.0.0.4", 1}, {}}}});
    round_trip(SetFeatureLevel{1});
}

TEST(Answer, CarriesABodyOrAnError) {
    const Answer good = Answer::of(logged::AddCsAnswer{CsId(1025)});
    EXPECT_EQ(good.as<logged::AddCsAnswer>()->cs, CsId(1025));
    const Answer bad = Error(Code::busy, "held");
    EXPECT_EQ(bad.as<logged::AddCsAnswer>().code(), Code::busy);
    EXPECT_EQ(*decode<Answer>(encode(bad)), bad);
}

}  // namespace
}  // namespace cairn
