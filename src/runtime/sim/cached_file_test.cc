// What a file is after a power cut, against a naive model: every sector is what it was when it was
// last made durable, or what one of the later writes left there.
#include "runtime/sim/cached_file.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cairn::sim {
namespace {

constexpr uint32_t half = 500'000;
constexpr uint32_t always = 1'000'000;

std::string text_of_file(const CachedFile& file) {
    std::string text(file.live().size(), '?');
    file.live().read(0, std::as_writable_bytes(std::span(text.data(), text.size())));
    return text;
}

// "a512 b3" for 512 letters a and three b, so that a failure can be read.
std::string runs(const std::string& text) {
    std::string result;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find_first_not_of(text[at], at), text.size());
        result += (text[at] == 0 ? '0' : text[at]) + std::to_string(end - at) + " ";
        at = end;
    }
    return result;
}

std::set<std::string> runs(const std::set<std::string>& texts) {
    std::set<std::string> result;
    for (const std::string& text : texts)
        result.insert(runs(text));
    return result;
}

void write(CachedFile& file, uint64_t offset, const std::string& text) {
    const ByteView slice = bytes_of(text);
    file.write(offset, {&slice, 1}, text.size());
}

// Every outcome of a power cut after `prepare`, over many seeds.
template <class Prepare>
std::set<std::string> outcomes(Prepare prepare, const DiskFaults& faults) {
    std::set<std::string> found;
    Probes probes;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        CachedFile file;
        prepare(file);
        Xoshiro random(seed);
        file.cut_power(faults, random, probes);
        found.insert(text_of_file(file));
    }
    return found;
}

std::string sectors(const std::string& letters) {
    std::string text;
    for (const char letter : letters)
        text.append(sector_size, letter);
    return text;
}

TEST(Content, AgreesWithANaiveTwin) {
    Xoshiro random(3);
    for (int round = 0; round < 30; round++) {
        Content content;
        Bytes twin;
        std::vector<std::pair<Content, Bytes>> copies;
        for (int step = 0; step < 100; step++) {
            const uint64_t offset = random.below(5 * page_size);
            const uint64_t length = random.below(3 * page_size);
            const uint64_t action = random.below(6);
            if (action < 3) {
                Bytes bytes(length);
                for (std::byte& byte : bytes)
                    byte = static_cast<std::byte>(random.next());
                content.write(offset, bytes);
                if (twin.size() < offset + length)
                    twin.resize(offset + length);
                std::copy(bytes.begin(), bytes.end(),
                          twin.begin() + static_cast<ptrdiff_t>(offset));
            } else if (action == 3) {
                content.truncate(offset);
                twin.resize(offset);
            } else if (action == 4) {
                content.punch(offset, length);
                for (uint64_t at = offset; at < std::min(offset + length, twin.size()); at++)
                    twin[at] = {};
            } else {
                copies.emplace_back(content, twin);
            }
            copies.emplace_back(content, twin);
            for (const auto& [copy, its_twin] : {copies.front(), copies.back()}) {
                Bytes shown(its_twin.size());
                copy.read(0, shown);
                ASSERT_EQ(shown, its_twin);
                ASSERT_EQ(copy.size(), its_twin.size());
            }
        }
    }
}

TEST(Content, CountsTheSpaceItTakes) {
    Content content;
    content.truncate(100 * page_size);
    EXPECT_EQ(content.pages(), 0u);
    const Bytes bytes(2 * page_size, std::byte{1});
    content.write(page_size / 2, bytes);
    EXPECT_EQ(content.pages(), 3u);
    content.punch(0, page_size);
    EXPECT_EQ(content.pages(), 2u);
    content.punch(page_size, page_size - 1);  // not a whole page
    EXPECT_EQ(content.pages(), 2u);
    content.reserve(10 * page_size, 4 * page_size);
    EXPECT_EQ(content.pages(), 6u);
    EXPECT_EQ(content.missing_pages(9 * page_size, 6 * page_size), 2u);
    content.truncate(11 * page_size);
    EXPECT_EQ(content.pages(), 3u);
}

TEST(Content, KnowsItsExtents) {
    Content content;
    const Bytes bytes(page_size, std::byte{1});
    content.write(2 * page_size, bytes);
    content.write(3 * page_size, bytes);
    content.reserve(5 * page_size, page_size);
    content.truncate(8 * page_size + 1);
    const auto expect = [&](uint64_t offset, uint64_t end, bool is_hole) {
        EXPECT_EQ(content.extent_at(offset).end, end) << offset;
        EXPECT_EQ(content.extent_at(offset).is_hole, is_hole) << offset;
    };
    expect(0, 2 * page_size, true);
    expect(2 * page_size + 5, 4 * page_size, false);
    expect(4 * page_size, 8 * page_size + 1, true);
    expect(5 * page_size, 8 * page_size + 1, true);
    content.write(8 * page_size, {bytes.data(), 1});
    expect(7 * page_size, 8 * page_size, true);
    expect(8 * page_size, 8 * page_size + 1, false);
}

TEST(CachedFile, ALossLosesWhatWasNotSynced) {
    const DiskFaults faults{.cut_loss = always};
    EXPECT_EQ(outcomes([](CachedFile& file) { write(file, 0, sectors("ab")); }, faults),
              (std::set<std::string>{""}));
    EXPECT_EQ(outcomes(
                  [](CachedFile& file) {
                      write(file, 0, sectors("ab"));
                      file.persist_through(file.newest());
                      write(file, sector_size, sectors("cd"));
                  },
                  faults),
              (std::set<std::string>{sectors("ab")}));
}

TEST(CachedFile, EachUnsyncedWriteIsKeptOrLost) {
    const auto prepare = [](CachedFile& file) {
        write(file, 0, sectors("---"));
        file.persist_through(file.newest());
        write(file, 0, sectors("a"));
        write(file, sector_size, sectors("b"));
        write(file, 2 * sector_size, sectors("c"));
    };
    std::set<std::string> expected;
    for (int kept = 0; kept < 8; kept++)
        expected.insert(sectors({(kept & 1) != 0 ? 'a' : '-', (kept & 2) != 0 ? 'b' : '-',
                                 (kept & 4) != 0 ? 'c' : '-'}));
    EXPECT_EQ(outcomes(prepare, {.cut_loss = half}), expected);
    EXPECT_EQ(outcomes(prepare, {}), (std::set<std::string>{sectors("abc")}));
}

TEST(CachedFile, AWriteIsTornBetweenSectors) {
    const auto prepare = [](CachedFile& file) {
        write(file, 0, sectors("---"));
        file.persist_through(file.newest());
        write(file, 0, sectors("abc"));
    };
    std::set<std::string> expected;
    for (int kept = 0; kept < 8; kept++)
        expected.insert(sectors({(kept & 1) != 0 ? 'a' : '-', (kept & 2) != 0 ? 'b' : '-',
                                 (kept & 4) != 0 ? 'c' : '-'}));
    EXPECT_EQ(outcomes(prepare, {.cut_tear = always}), expected);
}

TEST(CachedFile, AByteNeverComesWithoutTheEarlierOnesOfItsSector) {
    const auto prepare = [](CachedFile& file) {
        write(file, 0, "aa");
        write(file, 2, "bb");
    };
    EXPECT_EQ(outcomes(prepare, {.cut_loss = half}),
              (std::set<std::string>{"", "aa", "aabb",
                                     // The size may come without the data.
                                     std::string(2, '\0'), std::string(4, '\0'),
                                     std::string("aa\0\0", 4)}));
}

TEST(CachedFile, ADurableWriteIsNotUndoneByAnEarlierOne) {
    const auto prepare = [](CachedFile& file) {
        write(file, 0, sectors("abcd"));
        write(file, sector_size, sectors("XY"));
        file.persist_one(file.newest());
    };
    const std::set<std::string> found = outcomes(prepare, {.cut_loss = half, .cut_tear = half});
    for (const std::string& text : found) {
        ASSERT_GE(text.size(), 3 * sector_size);
        EXPECT_EQ(text.substr(sector_size, 2 * sector_size), sectors("XY"));
    }
    EXPECT_TRUE(found.contains(sectors("aXYd")));
    EXPECT_TRUE(found.contains(std::string(sector_size, '\0') + sectors("XY")));
}

TEST(CachedFile, ADurableWriteBringsTheTruncationBeforeIt) {
    const auto prepare = [](CachedFile& file) {
        write(file, 0, sectors("abcd"));
        file.truncate(sector_size);
        write(file, sector_size, sectors("X"));
        file.persist_one(file.newest());
    };
    const std::set<std::string> found = outcomes(prepare, {.cut_loss = half});
    EXPECT_EQ(runs(found), runs(std::set<std::string>{
                               sectors("aX"), std::string(sector_size, '\0') + sectors("X")}));
}

TEST(CachedFile, WhatWasWrittenIntoALostHoleIsLost) {
    const auto prepare = [](CachedFile& file) {
        write(file, 0, sectors("abcdefgh"));
        file.persist_through(file.newest());
        file.truncate(0);
        write(file, 0, sectors("XX"));
    };
    EXPECT_EQ(outcomes(prepare, {.cut_loss = half}),
              (std::set<std::string>{sectors("abcdefgh"), "", sectors("XX"),
                                     std::string(2 * sector_size, '\0')}));
}

TEST(CachedFile, AFailedSyncKeepsNothing) {
    for (const bool drop_cache : {false, true}) {
        CachedFile file;
        write(file, 0, "old");
        file.persist_through(file.newest());
        write(file, 0, "new");
        file.lose_unsynced(drop_cache);
        EXPECT_EQ(text_of_file(file), drop_cache ? "old" : "new");
        file.persist_through(file.newest());
        Xoshiro random(1);
        Probes probes;
        file.cut_power({}, random, probes);
        EXPECT_EQ(text_of_file(file), "old");
    }
}

TEST(CachedFile, AFlippedBitSurvivesSyncAndPowerCut) {
    for (const bool synced_before : {false, true}) {
        CachedFile file;
        write(file, 0, "abc");
        if (synced_before)
            file.persist_through(file.newest());
        EXPECT_TRUE(file.flip(1, 1));
        EXPECT_FALSE(file.flip(3, 1));
        EXPECT_EQ(text_of_file(file), "acc");
        file.persist_through(file.newest());
        Xoshiro random(1);
        Probes probes;
        file.cut_power({.cut_loss = always}, random, probes);
        EXPECT_EQ(text_of_file(file), "acc");
    }
}

// Random histories. The model keeps, for each sector, what it may be after a power cut.
class SectorModel {
  public:
    explicit SectorModel(size_t count) : allowed_(count, {std::string(sector_size, '\0')}) {}

    void changed(const CachedFile& file, uint64_t first, uint64_t last) {
        for (uint64_t sector = first; sector <= last && sector < allowed_.size(); sector++)
            allowed_[sector].insert(shown(file, sector));
    }
    void durable(const CachedFile& file, uint64_t first, uint64_t last) {
        for (uint64_t sector = first; sector <= last && sector < allowed_.size(); sector++)
            allowed_[sector] = {shown(file, sector)};
    }
    void check(const CachedFile& file) const {
        for (uint64_t sector = 0; sector < allowed_.size(); sector++)
            ASSERT_TRUE(allowed_[sector].contains(shown(file, sector))) << "sector " << sector;
    }
    [[nodiscard]] size_t count() const { return allowed_.size(); }

  private:
    static std::string shown(const CachedFile& file, uint64_t sector) {
        std::string text(sector_size, '\0');
        file.live().read(sector * sector_size,
                         std::as_writable_bytes(std::span(text.data(), text.size())));
        return text;
    }
    std::vector<std::set<std::string>> allowed_;
};

TEST(CachedFile, RandomHistoriesAgreeWithTheModel) {
    for (uint64_t seed = 1; seed <= 300; seed++) {
        Xoshiro random(seed);
        CachedFile file;
        SectorModel model(40);
        Probes probes;
        const DiskFaults faults{.cut_loss = half, .cut_tear = half};
        for (int step = 0; step < 60; step++) {
            const uint64_t offset = random.below(38 * sector_size);
            const uint64_t length = 1 + random.below(2 * sector_size);
            const uint64_t first = offset / sector_size;
            const uint64_t last = (offset + length - 1) / sector_size;
            const uint64_t action = random.below(20);
            if (action < 14) {
                write(file, offset, std::string(length, static_cast<char>('a' + step % 26)));
                model.changed(file, first, last);
                if (action < 3) {
                    file.persist_one(file.newest());
                    model.durable(file, first, last);
                }
            } else if (action < 16) {
                file.punch(offset, length);
                model.changed(file, first, last);
            } else if (action == 16) {
                file.truncate(offset);
                model.changed(file, first, model.count());
            } else if (action < 19) {
                file.persist_through(file.newest());
                model.durable(file, 0, model.count());
            } else {
                file.cut_power(faults, random, probes);
                model.check(file);
                model.durable(file, 0, model.count());
            }
        }
        file.cut_power(faults, random, probes);
        model.check(file);
    }
}

}  // namespace
}  // namespace cairn::sim
