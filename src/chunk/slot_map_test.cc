#include "chunk/slot_map.h"

#include <gtest/gtest.h>

namespace cairn::chunk {
namespace {

TEST(SlotMap, SlicesMoveAndLeaveTheirSlots) {
    SlotMap map;
    EXPECT_TRUE(map.at_home());
    EXPECT_EQ(map.of(3), 3u);
    map.move(1, 1, 4);
    EXPECT_TRUE(map.at_home());
    map.move(1, 5, 4);
    map.move(2, 1, 4);
    EXPECT_EQ(map.slots(), (std::vector<uint16_t>{0, 5, 1, 3}));
    EXPECT_EQ(map.free_slots(4, 6), (std::vector<bool>{false, false, true, false, true, false}));
}

TEST(SlotMap, TakesOnlyWhatCanBe) {
    SlotMap map;
    EXPECT_TRUE(map.assign({0, 5, 1}, 3, 6));
    const SlotMap before = map;
    EXPECT_FALSE(map.assign({0, 6, 1}, 3, 6));
    EXPECT_FALSE(map.assign({0, 1, 1}, 3, 6));
    EXPECT_FALSE(map.assign({0, 1}, 3, 6));
    EXPECT_EQ(map, before);
}

}  // namespace
}  // namespace cairn::chunk
