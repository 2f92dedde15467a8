#include "sim/soak.h"

#include <gtest/gtest.h>
#include <malloc.h>

namespace cairn::sim {
namespace {

TEST(Soak, NothingGrows) {
    SoakOptions options;
    options.length = seconds(2 * 3600);
    options.memory_in_use = [] {
        const auto info = ::mallinfo2();
        return info.uordblks + info.hblkhd;
    };
    const SoakReport report = soak(options);
    EXPECT_EQ(report.problem, "");
    EXPECT_EQ(report.samples.size(), 24U);
    EXPECT_GT(report.rounds, 500U);
}

}  // namespace
}  // namespace cairn::sim
