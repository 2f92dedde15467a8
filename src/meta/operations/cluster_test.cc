// Servers, settings, events, and entries that this program cannot apply.
#include "meta/catalogue/event_texts.h"
#include "meta/operations/world_for_tests.h"

namespace cairn::meta {
namespace {

class ClusterTest : public World, public testing::Test {};

TEST_F(ClusterTest, ChunkServersGetIdsFrom1025AndNoneTwice) {
    EXPECT_EQ(servers[0], CsId(1025));
    const logged::AddCs add{HostId(8), "host8", "/disk", 2};
    const CsId made = run(add).as<logged::AddCsAnswer>()->cs;
    EXPECT_EQ(made, CsId(1029));
    EXPECT_EQ(run(add).as<logged::AddCsAnswer>()->cs, made) << "never started: the same";
    start(made);
    EXPECT_EQ(run(add).as<logged::AddCsAnswer>()->cs, CsId(1030));
    EXPECT_EQ(catalogue.server(made)->tier, 2);
    EXPECT_EQ(run(logged::AddCs{HostId(8), "h", "/d", 4}).code, Code::invalid_argument);
    EXPECT_EQ(run(logged::AddCs{HostId(), "h", "/d", 0}).code, Code::invalid_argument);
}

TEST_F(ClusterTest, AChunkServerIsForgottenWhenItIsDrainedAndHoldsNothing) {
    const FileId file = make_file("f");
    open(file);
    const ChunkId chunk = add_chunk(file, 0);
    const CsId cs = catalogue.chunk(chunk)->pieces.begin()->cs;
    EXPECT_EQ(run(logged::RemoveCs{cs}).code, Code::invalid_argument) << "it stays";
    EXPECT_TRUE(run(logged::DrainCs{cs, true}).ok());
    EXPECT_EQ(catalogue.staying(*catalogue.chunk(chunk)), 2U);
    EXPECT_EQ(run(logged::RemoveCs{cs}).code, Code::not_empty);
    EXPECT_TRUE(run(logged::DrainCs{cs, false}).ok());
    EXPECT_EQ(catalogue.staying(*catalogue.chunk(chunk)), 3U);
    EXPECT_TRUE(run(logged::DrainCs{cs, true}).ok());
    EXPECT_EQ(leave(chunk, cs), Code::ok);
    EXPECT_TRUE(run(logged::RemoveCs{cs}).ok());
    EXPECT_EQ(effects.servers_changed, std::vector{cs});
    EXPECT_EQ(catalogue.server(cs), nullptr);
    EXPECT_EQ(run(logged::DrainCs{cs, true}).code, Code::not_found);
}

TEST_F(ClusterTest, WhatOnlyADroppedServerHeldIsGone) {
    const FileId file = make_file("f");
    open(file);
    run(logged::SetAttributes{file, false, uint8_t{1}, uint8_t{1}, {}, {}});
    const ChunkId chunk = add_chunk(file, 0, 1);
    const CsId cs = catalogue.chunk(chunk)->pieces.begin()->cs;
    EXPECT_FALSE(catalogue.map_of(chunk).gone);
    EXPECT_TRUE(run(logged::SetCsState{cs, CsLoggedState::dropped}).ok());
    EXPECT_TRUE(catalogue.map_of(chunk).gone);
    const auto lost =
        run(logged::LoseCsReplicas{cs, {}, 10, {}}).as<logged::LoseCsReplicasAnswer>();
    EXPECT_EQ(lost->kept, 1U);
    EXPECT_EQ(run(logged::RemoveCs{cs}).code, Code::not_empty);
    EXPECT_EQ(run(logged::SetCsState{cs, CsLoggedState::known}).code, Code::invalid_argument);
    logged::CsStarted back;
    back.cs = cs;
    back.sync_epoch = 100;
    back.integrity_sequence = 100;
    EXPECT_EQ(run(back).code, Code::not_found);
}

TEST_F(ClusterTest, MetadataServersGetIdsFrom1) {
    const Address address{"10.0.0.1", 2510};
    EXPECT_EQ(run(logged::AddMds{address, true}).as<logged::AddMdsAnswer>()->mds, MdsId(1));
    EXPECT_EQ(run(logged::AddMds{address, true}).code, Code::already_exists);
    const Address other{"10.0.0.2", 2510};
    EXPECT_EQ(run(logged::AddMds{other, false}).as<logged::AddMdsAnswer>()->mds, MdsId(2));
    EXPECT_EQ(run(logged::ChangeMds{MdsId(2), address, true}).code, Code::already_exists);
    EXPECT_TRUE(run(logged::ChangeMds{MdsId(2), other, true}).ok());
    EXPECT_TRUE(catalogue.metadata_servers().at(MdsId(2)).voter);
    EXPECT_TRUE(run(logged::RemoveMds{MdsId(1)}).ok());
    EXPECT_EQ(run(logged::RemoveMds{MdsId(1)}).code, Code::not_found);
    EXPECT_EQ(run(logged::AddMds{address, true}).as<logged::AddMdsAnswer>()->mds, MdsId(3));
}

TEST_F(ClusterTest, SettingsHaveTheDocumentsDefaults) {
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"gen.do_punch_hole", "0"},
        {"mds.alloc.fill_margin", "5"},
        {"mds.alloc.strict_failure_domain", "1"},
        {"mds.alloc.strict_tier", "0"},
        {"mds.wd.max_offline_cs", "2"},
        {"mds.wd.max_offline_cs_hosts", "2"},
        {"mds.wd.offline_tout", "5min"},
        {"mds.wd.repair_rate", "0"},
        {"mds.wd.verify_chunks", "2"}};
    EXPECT_EQ(catalogue.settings().all(), expected);
}

TEST_F(ClusterTest, SettingsTakeTheDocumentsForms) {
    const auto set = [this](const std::string& name, const std::string& value) {
        return run(logged::SetConfig{name, value, "10.0.0.9"});
    };
    for (const char* value : {"300", "300s", "5min", "90", "1500ms"}) {
        EXPECT_TRUE(set("mds.wd.offline_tout", value).ok()) << value;
        Settings again;
        EXPECT_TRUE(
            again.set("mds.wd.offline_tout", *catalogue.settings().text("mds.wd.offline_tout")));
        EXPECT_EQ(again, catalogue.settings());
    }
    EXPECT_EQ(catalogue.settings().offline_timeout(), milliseconds(1500));
    EXPECT_TRUE(set("gen.do_punch_hole", "1").ok());
    EXPECT_TRUE(effects.settings_changed);
    EXPECT_TRUE(catalogue.settings().punch_hole());
    for (const auto& [name, value] : {std::pair{"gen.do_punch_hole", "2"},
                                      {"mds.alloc.fill_margin", "51"},
                                      {"mds.alloc.fill_margin", "-1"},
                                      {"mds.wd.max_offline_cs", "many"},
                                      {"mds.wd.offline_tout", "0"},
                                      {"mds.wd.verify_chunks", ""}})
        EXPECT_EQ(set(name, value).code, Code::invalid_argument) << name << "=" << value;
    const Answer unknown = set("mds.wd.nothing", "1");
    EXPECT_EQ(unknown.code, Code::not_found);
    EXPECT_EQ(unknown.message,
              "unknown parameter 'mds.wd.nothing'; known are gen.do_punch_hole, "
              "mds.alloc.fill_margin, mds.alloc.strict_failure_domain, mds.alloc.strict_tier, "
              "mds.wd.max_offline_cs, mds.wd.max_offline_cs_hosts, mds.wd.offline_tout, "
              "mds.wd.repair_rate, mds.wd.verify_chunks");
    EXPECT_EQ(catalogue.events().all().back().text,
              "Global configuration updated by request from 10.0.0.9");
}

TEST_F(ClusterTest, EventsAreNumberedAndBounded) {
    for (size_t i = 0; i < EventLog::events_max + 5; i++)
        run(logged::AddEvent{EventSystem::monitor, EventSeverity::error, std::to_string(i)});
    EXPECT_EQ(catalogue.events().all().size(), EventLog::events_max);
    EXPECT_EQ(catalogue.events().last_number(), EventLog::events_max + 5);
    const auto last = catalogue.events().list(EventLog::events_max + 3, 10);
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[0].text, std::to_string(EventLog::events_max + 3));
    EXPECT_EQ(name_of(last[0].system), "MON");
    EXPECT_EQ(name_of(last[0].severity), "ERR");
    EXPECT_EQ(catalogue.events().list(0, 3).front().number, 6U);
    EXPECT_EQ(run(logged::AddEvent{static_cast<EventSystem>(9), EventSeverity::info, ""}).code,
              Code::invalid_argument);
}

TEST_F(ClusterTest, EventTextsAreTheDocuments) {
    const Address address{"10.29.2.16", 2510};
    const CsId cs(1026);
    EXPECT_EQ(mds_lags(MdsId(2), address).text,
              "MDS#2 (10.29.2.16:2510) lags behind for more than 1000 rounds");
    EXPECT_EQ(mds_accepts_no_commits(MdsId(2), address, seconds(7)).text,
              "MDS#2 (10.29.2.16:2510) didn't accept commits for 7 sec");
    EXPECT_EQ(mds_resyncs(MdsId(2), address).text,
              "MDS#2 (10.29.2.16:2510) state is outdated and will do a full resync");
    EXPECT_EQ(mds_became_master(MdsId(1), address).text, "MDS#1 at 10.29.2.16:2510 became master");
    EXPECT_EQ(mds_became_master(MdsId(1), address).system, EventSystem::journal);
    EXPECT_EQ(mds_stopped(MdsId(1)).text, "MDS#1 was stopped");
    EXPECT_EQ(cluster_healthy(2).text, "The cluster is healthy with 2 active CS");
    EXPECT_EQ(cluster_degraded({4, 1, 0}).text,
              "The cluster is degraded with 4 active, 1 inactive, 0 offline CS");
    EXPECT_EQ(cluster_failed({1, 0, 3}, 2).text,
              "The cluster failed with 1 active, 0 inactive, 3 offline CS "
              "(mds.wd.max_offline_cs=2)");
    EXPECT_EQ(cluster_failed({1, 0, 3}, 2).severity, EventSeverity::error);
    EXPECT_EQ(cluster_filled(79).severity, EventSeverity::info);
    EXPECT_EQ(cluster_filled(80).severity, EventSeverity::warning);
    EXPECT_EQ(cluster_filled(80).text, "The cluster is filled up to 80 %");
    EXPECT_EQ(cluster_free_space(269'090'000'000, 269'500'000'000).text,
              "The cluster physical free space: 250.6Gb (99%), total 250.9Gb");
    EXPECT_EQ(replication_started(12).text, "Replication started, 12 chunks are queued");
    EXPECT_EQ(replication_completed().text, "Replication completed");
    EXPECT_EQ(cs_hard_error(cs, "/d/f").text, "CS#1026 has reported hard error on /d/f");
    EXPECT_EQ(cs_inactive(cs, seconds(10)).text,
              "CS#1026 has not registered during the last 10 sec and is marked as inactive");
    EXPECT_EQ(cs_offline(cs, seconds(300)).text,
              "CS#1026 has not registered during the last 300 sec and is marked as offline");
    EXPECT_EQ(cs_stopped(cs).text, "CS#1026 was stopped");
    EXPECT_EQ(cs_stopped(cs).system, EventSystem::monitor);
    EXPECT_EQ(cs_active(std::vector{CsId(1025), cs}).text, "CS#1025, CS#1026 are active");
}

TEST_F(ClusterTest, EntriesFromANewerProgramStopTheServer) {
    LogEntry entry = entry_of(logged::RemoveMds{MdsId(1)}, WallTime{1});
    const LogIndex next = catalogue.applied().next();
    entry.kind = static_cast<LogKind>(999);
    EXPECT_EQ(apply(catalogue, next, entry, rules).code(), Code::version_mismatch);
    entry.kind = LogKind::remove_mds;
    entry.feature_level = feature_level_newest + 1;
    EXPECT_EQ(apply(catalogue, next, entry, rules).code(), Code::version_mismatch);
    entry.feature_level = 1;
    entry.operation.resize(3);
    EXPECT_EQ(apply(catalogue, next, entry, rules).code(), Code::corrupt);
    EXPECT_EQ(catalogue.applied().next(), next);
    EXPECT_EQ(run(logged::SetFeatureLevel{feature_level_newest + 1}).code, Code::invalid_argument);
    EXPECT_TRUE(run(logged::SetFeatureLevel{feature_level_newest}).ok());
}

}  // namespace
}  // namespace cairn::meta
