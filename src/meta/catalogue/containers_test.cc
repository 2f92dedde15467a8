// SparseTable and IdSet against naive twins.
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "meta/catalogue/id_set.h"
#include "meta/catalogue/sparse_table.h"

namespace cairn::meta {
namespace {

// A reproducible stream of numbers.
class Stream {
  public:
    explicit Stream(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
    uint64_t next(uint64_t below) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_ % below;
    }

  private:
    uint64_t state_;
};

TEST(SparseTable, AgreesWithAMap) {
    for (const uint64_t range : {100ULL, 5000ULL, 1'000'000ULL}) {
        Stream stream(range);
        SparseTable<uint64_t> table;
        std::map<uint64_t, uint64_t> twin;
        for (int step = 0; step < 20'000; step++) {
            const uint64_t key = stream.next(range);
            // Grows for a while, then shrinks to nothing, and again.
            const bool add = stream.next(100) < ((step / 5000) % 2 == 0 ? 70U : 20U);
            if (add && !twin.contains(key)) {
                table.insert(key, key * 3);
                twin[key] = key * 3;
            } else if (!add) {
                const uint64_t gone = twin.empty() || twin.lower_bound(key) == twin.end()
                                          ? key
                                          : twin.lower_bound(key)->first;
                EXPECT_EQ(table.erase(gone), twin.erase(gone) == 1);
            }
            const auto entry = table.next(key);
            const auto expected = twin.lower_bound(key);
            ASSERT_EQ(entry.value == nullptr, expected == twin.end());
            if (entry.value != nullptr) {
                ASSERT_EQ(entry.key, expected->first);
                ASSERT_EQ(*entry.value, expected->second);
            }
            ASSERT_EQ(table.size(), twin.size());
        }
        std::map<uint64_t, uint64_t> walked;
        table.for_each([&](uint64_t key, uint64_t value) { walked[key] = value; });
        EXPECT_EQ(walked, twin);
    }
}

TEST(SparseTable, EmptiesAndRefills) {
    SparseTable<uint64_t> table;
    for (uint64_t i = 0; i < 10'000; i++)
        table.insert(i, i);
    for (uint64_t i = 0; i < 10'000; i++)
        EXPECT_TRUE(table.erase(i));
    EXPECT_TRUE(table.empty());
    EXPECT_EQ(table.next(0).value, nullptr);
    EXPECT_FALSE(table.erase(5));
    table.insert(UINT64_MAX, 1);
    EXPECT_EQ(table.next(UINT64_MAX).key, UINT64_MAX);
}

TEST(IdSet, AgreesWithASet) {
    for (const uint64_t range : {200ULL, 100'000ULL, 1ULL << 40}) {
        Stream stream(range);
        IdSet ids;
        std::set<uint64_t> twin;
        for (int step = 0; step < 40'000; step++) {
            const uint64_t id = stream.next(range);
            if (stream.next(100) < ((step / 10'000) % 2 == 0 ? 80U : 20U)) {
                ASSERT_EQ(ids.insert(id), twin.insert(id).second);
            } else {
                const auto at = twin.lower_bound(id);
                const uint64_t gone = at == twin.end() ? id : *at;
                ASSERT_EQ(ids.erase(gone), twin.erase(gone) == 1);
            }
            const auto expected = twin.lower_bound(id);
            const auto next = ids.next(id);
            ASSERT_EQ(next.has_value(), expected != twin.end());
            if (next)
                ASSERT_EQ(*next, *expected);
            ASSERT_EQ(ids.contains(id), twin.contains(id));
            ASSERT_EQ(ids.size(), twin.size());
        }
    }
}

TEST(IdSet, KeepsAscendingIdsInFullBlocks) {
    IdSet ids;
    for (uint64_t i = 0; i < 1'000'000; i++)
        EXPECT_TRUE(ids.insert(i * 64));
    uint64_t count = 0;
    for (auto id = ids.next(0); id; id = ids.next(*id + 1))
        count++;
    EXPECT_EQ(count, 1'000'000U);
    IdSet other;
    EXPECT_FALSE(ids == other);
    EXPECT_FALSE(other == ids);
    EXPECT_TRUE(ids == ids);
}

}  // namespace
}  // namespace cairn::meta
