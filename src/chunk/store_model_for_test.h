// For tests: what a chunk store may show, block by block, after anything that can happen to it: a
// naive twin that remembers every value a block was given and how far each got.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/checksum.h"
#include "chunk/store.h"

namespace cairn::chunk::test {

// What a whole block is filled with; 0 stands for zeros. No two writes have the same.
using Value = uint64_t;

inline void fill(MutableByteView block, Value value) {
    for (size_t i = 0; i < block.size() / sizeof(Value); i++) {
        const Value word = value == 0 ? 0 : value * 0x9E3779B97F4A7C15ULL + i;
        std::memcpy(block.data() + i * sizeof word, &word, sizeof word);
    }
    if (value != 0)
        std::memcpy(block.data(), &value, sizeof value);
}

// The value that fills the block; none if it is torn.
inline std::optional<Value> value_of(ByteView block) {
    Value value;
    std::memcpy(&value, block.data(), sizeof value);
    Bytes expected(block.size());
    fill(expected, value);
    if (!std::equal(block.begin(), block.end(), expected.begin()))
        return std::nullopt;
    return value;
}

struct BlockHistory {
    struct Entry {
        Value value = 0;
        uint64_t serial = 0;  // of the request that wrote it
        bool held = false;    // answered; else it may have been done or not
    };
    // Oldest first. The first is durable; nothing older is possible.
    std::vector<Entry> entries{{.value = 0, .serial = 0, .held = true}};

    void issue(Value value, uint64_t serial) { entries.push_back({value, serial, false}); }
    void answered(uint64_t serial) {
        for (Entry& entry : entries)
            entry.held |= entry.serial == serial;
    }
    // All that was answered until `serial` was is durable.
    void durable(uint64_t serial) {
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [&](const Entry& entry) { return entry.serial == serial; });
        if (found != entries.end())
            entries.erase(entries.begin(), found);
    }
    [[nodiscard]] const Entry& newest_held() const {
        size_t i = entries.size() - 1;
        while (!entries[i].held)
            i--;
        return entries[i];
    }
    [[nodiscard]] bool allows(Value value, bool held_survived) const {
        for (size_t i = entries.size(); i-- > 0;) {
            if (entries[i].value == value)
                return true;
            if (held_survived && entries[i].held)
                return false;
        }
        return false;
    }
    // A read that began when `serial` was the newest that was answered may see that or anything
    // later. What it saw is there for good.
    [[nodiscard]] bool seen(Value value, uint64_t serial) {
        for (size_t i = entries.size(); i-- > 0;) {
            if (entries[i].value == value) {
                entries[i].held = true;
                return true;
            }
            if (entries[i].serial == serial)
                return false;
        }
        return true;  // settled or made durable beyond recognition meanwhile
    }
    // It was seen after a start: this is it for ever.
    void settle(Value value) { entries = {{.value = value, .serial = 0, .held = true}}; }
};

// A number that only grows: what was asked for, answered, made durable.
struct Growing {
    uint64_t issued = 0;
    uint64_t held = 0;
    uint64_t durable = 0;

    [[nodiscard]] bool allows(uint64_t value, bool held_survived) const {
        return value <= issued && value >= (held_survived ? held : durable);
    }
    void settle(uint64_t value) { issued = held = durable = value; }
};

struct ChunkModel {
    uint32_t blocks = 0;
    uint64_t file = 0;
    bool may_exist = false;
    bool must_exist = false;
    Growing version;
    std::map<uint32_t, BlockHistory> history;  // of the blocks that were ever touched
};

struct StoreModel {
    std::map<uint64_t, ChunkModel> chunks;
    std::map<uint64_t, Growing> epochs;
    Growing log_position;
    Value next_value = 1;
    uint64_t next_serial = 1;
    std::set<std::pair<uint64_t, uint32_t>> busy;  // blocks that a request is under way for
    std::vector<std::string> failures;

    void fail(std::string what) { failures.push_back(std::move(what)); }
};

}  // namespace cairn::chunk::test
