#include "placement/sample.h"

#include <algorithm>

namespace cairn::placement {

uint64_t mixed(uint64_t value) {
    uint64_t x = value + 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

std::vector<std::size_t> sample(const std::vector<uint64_t>& weights, std::size_t count,
                                uint64_t seed) {
    std::vector<std::size_t> drawn;
    std::vector<std::size_t> rest;
    unsigned __int128 rest_weight = 0;
    for (std::size_t i = 0; i < weights.size(); i++) {
        if (weights[i] == 0)
            continue;
        rest.push_back(i);
        rest_weight += weights[i];
    }
    if (rest.size() <= count)
        return rest;
    // Taking a heavy one out raises the even share of the others, so look again until none is.
    for (bool found = true; found && drawn.size() < count;) {
        found = false;
        for (std::size_t i = 0; i < rest.size() && drawn.size() < count; i++) {
            const unsigned __int128 weight = weights[rest[i]];
            if (weight * (count - drawn.size()) < rest_weight)
                continue;
            rest_weight -= weight;
            drawn.push_back(rest[i]);
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
            found = true;
            break;
        }
    }
    const std::size_t points = count - drawn.size();
    if (points == 0)
        return drawn;
    // On a line on which each weight has `points` times its length, points lie rest_weight apart;
    // none of the weights is that long, so that none is hit twice.
    unsigned __int128 next =
        (static_cast<unsigned __int128>(mixed(seed)) << 64 | mixed(~seed)) % rest_weight;
    unsigned __int128 end = 0;
    for (const std::size_t index : rest) {
        end += static_cast<unsigned __int128>(weights[index]) * points;
        if (next >= end)
            continue;
        drawn.push_back(index);
        next += rest_weight;
    }
    return drawn;
}

}  // namespace cairn::placement
