// What simulated clients write: a block that spells one value from end to end, so that a torn or
// mixed block is seen as such.
#pragma once

#include <cstring>
#include <optional>

#include "base/buffer.h"
#include "base/size.h"
#include "sim/history.h"

namespace cairn::sim {

// `into` is whole blocks; each gets the next value.
inline void spell_values(BlockValue first, MutableByteView into) {
    for (size_t at = 0; at < into.size(); at += sizeof(uint64_t)) {
        const uint64_t word = (first + at / block_size) ^ ((at % block_size) << 48);
        std::memcpy(into.data() + at, &word, sizeof word);
    }
}

// 0 for a block of zeros; nothing if the block is no block that anybody wrote.
[[nodiscard]] inline std::optional<BlockValue> read_value(ByteView block) {
    uint64_t value = 0;
    std::memcpy(&value, block.data(), sizeof value);
    for (size_t at = 0; at < block_size; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        std::memcpy(&word, block.data() + at, sizeof word);
        const uint64_t expected = value == 0 ? 0 : value ^ (at << 48);
        if (word != expected)
            return std::nullopt;
    }
    return value;
}

}  // namespace cairn::sim
