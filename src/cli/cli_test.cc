#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/files/commands.h"
#include "cli/services_file.h"
#include "cli/suggest.h"
#include "cli/vstorage/storage_path.h"
#include "cli/vstorage/units.h"

namespace cairn::cli {
namespace {

using testing::HasSubstr;

Service chunk_server(const std::string& repository) {
    return {ServiceKind::cs, 1025, repository, Address()};
}

TEST(Suggest, FindsWhatIsASlipAway) {
    const std::vector<std::string> commands{"stat", "set-attr", "get-attr", "get-config"};
    EXPECT_EQ(closest("statt", commands), "stat");
    EXPECT_EQ(closest("sat", commands), "stat");
    EXPECT_EQ(closest("get_attr", commands), "get-attr");
    EXPECT_EQ(closest("st-attr", commands), "set-attr");
}

TEST(Suggest, SaysNothingWhereNothingIsNear) {
    const std::vector<std::string> commands{"stat", "rm", "ls"};
    EXPECT_EQ(closest("top", commands), "");
    EXPECT_EQ(closest("xy", commands), "");
    EXPECT_EQ(closest("", commands), "");
    EXPECT_EQ(closest("stat", {}), "");
}

TEST(ServicesFile, KeepsWhatItWasGiven) {
    const std::vector<Service> services{
        {ServiceKind::mds, 1, "/vstorage/stor1-mds", {"10.0.0.1", 2510}},
        chunk_server("/disks/first disk\\x20\n"),
        {ServiceKind::cs, 1026, "/b", {"::1", 3000}}};
    EXPECT_EQ(parse_services(services_text(services)), services);
}

TEST(ServicesFile, LeavesOutWhatIsNoService) {
    EXPECT_TRUE(parse_services("").empty());
    EXPECT_TRUE(parse_services("# a comment\nxs 1 /a\ncs /a\ncs 1\ncs 1 /a host.name:1\n").empty());
    EXPECT_EQ(parse_services("cs 1025 /a").size(), 1U);
}

TEST(Units, AreNamedAsTheDocumentsSay) {
    const Service service = chunk_server("/vstorage/stor1-cs1");
    EXPECT_EQ(unit_name("stor1", service), "vstorage-csd.stor1.1025.service");
    const std::string text = unit_text("stor1", service);
    EXPECT_THAT(text, HasSubstr("Description=vstorage-csd(/vstorage/stor1-cs1)\n"));
    EXPECT_THAT(text, HasSubstr("ExecStart=/usr/bin/csd -c stor1 -r \"/vstorage/stor1-cs1\"\n"));
    EXPECT_THAT(text, HasSubstr("PartOf=vstorage-csd.target\n"));
}

TEST(Units, NothingInAPathMeansAnythingToSystemd) {
    EXPECT_THAT(unit_text("stor1", chunk_server("/a b/%i/$x/\"\\")),
                HasSubstr(R"(-r "/a b/%%i/$$x/\"\\")"));
}

TEST(Attributes, MinimumFollowsFromTheNorm) {
    for (const auto& [text, norm, least] :
         {std::tuple("replicas=1", 1, 1), std::tuple("replicas=2", 2, 1),
          std::tuple("replicas=3", 3, 2), std::tuple("replicas=5", 5, 3),
          std::tuple("replicas=3:1", 3, 1)}) {
        SetAttributesRequest request;
        ASSERT_TRUE(parse_attribute(text, request)) << text;
        EXPECT_EQ(request.replicas_norm, norm) << text;
        EXPECT_EQ(request.replicas_min, least) << text;
    }
}

TEST(Attributes, OthersAreSetAlone) {
    SetAttributesRequest request;
    ASSERT_TRUE(parse_attribute("failure-domain=disk", request));
    EXPECT_EQ(request.failure_domain, FailureDomain::disk);
    EXPECT_FALSE(request.replicas_norm || request.tier);
    ASSERT_TRUE(parse_attribute("tier=3", request));
    EXPECT_EQ(request.tier, 3);
}

TEST(Attributes, NonsenseIsRefused) {
    for (const char* text :
         {"replicas=0", "replicas=16", "replicas=2:3", "replicas=2:", "replicas=", "replicas",
          "tier=4", "tier=-1", "failure-domain=rack", "colour=red", "=1", "replicas=2x"}) {
        SetAttributesRequest request;
        EXPECT_EQ(parse_attribute(text, request).code(), Code::invalid_argument) << text;
    }
    SetAttributesRequest request;
    EXPECT_EQ(parse_attribute("encoding=3+2", request).code(), Code::not_supported);
}

TEST(Paths, LastName) {
    EXPECT_EQ(last_name("/a/b/c"), "c");
    EXPECT_EQ(last_name("a"), "a");
    EXPECT_EQ(last_name("/a/b/"), "b");
    EXPECT_EQ(last_name("/"), "");
}

}  // namespace
}  // namespace cairn::cli
