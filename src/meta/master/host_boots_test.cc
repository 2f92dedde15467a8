#include "meta/master/host_boots.h"

#include <gtest/gtest.h>

namespace cairn::meta {
namespace {

constexpr HostId host(7);
constexpr CsId a(1025);
constexpr CsId b(1026);

struct HostBootsTest : testing::Test {
    HostBoots boots;
    Instant now{1};
    int told = 0;

    void hear(uint64_t boot, CsId cs, HostId from = host) {
        if (boots.heard(from, boot, cs, now))
            told++;
    }
    void pass(Duration time) { now = now + time; }
};

TEST_F(HostBootsTest, TwoMachinesThatBothSpeakAreToldOfOnce) {
    for (int second = 0; second < 300; second++) {
        hear(1, a);
        pass(milliseconds(500));
        hear(2, b);
        pass(milliseconds(500));
        hear(9, CsId(1027), HostId(8));
        if (second < 20)
            EXPECT_EQ(told, 0);
    }
    EXPECT_EQ(told, 1);
}

TEST_F(HostBootsTest, ThreeMachinesToo) {
    for (int second = 0; second < 300; second++) {
        hear(1, a);
        hear(2, b);
        hear(3, CsId(1027));
        pass(seconds(1));
    }
    EXPECT_EQ(told, 1);
}

// Each time one chunk server registers before the other, and a word of the former life comes late.
TEST_F(HostBootsTest, AMachineThatIsStartedAgainAndAgainIsOne) {
    for (uint64_t boot = 1; boot < 50; boot++) {
        for (int second = 0; second < 20; second++) {
            hear(boot, a);
            pass(seconds(1));
            if (second > 5)
                hear(boot, b);
            if ((second == 0 || second == 7) && boot > 1)
                hear(boot - 1, b);
        }
    }
    EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace cairn::meta
