// Drawing without replacement, with probabilities in proportion to weights, along a fixed order.
// Pure integers: the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::placement {

// Indices of `count` of the weights (all of those that are not zero, if they are fewer), drawn by
// systematic sampling in the given order. A weight above an even share of the rest is always drawn.
[[nodiscard]] std::vector<std::size_t> sample(const std::vector<uint64_t>& weights,
                                              std::size_t count, uint64_t seed);

// splitmix64's finaliser.
[[nodiscard]] uint64_t mixed(uint64_t value);

}  // namespace cairn::placement
