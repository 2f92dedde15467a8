#include "telemetry/histogram.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace cairn {

size_t Histogram::bucket_of(uint64_t value) {
    if (value < steps)
        return static_cast<size_t>(value);
    const unsigned power = static_cast<unsigned>(std::bit_width(value)) - 1;
    const unsigned shift = power - linear_bits;
    const auto step = static_cast<size_t>((value >> shift) - steps);
    return steps + shift * steps + step;
}

uint64_t Histogram::bucket_end(size_t bucket) {
    CHECK(bucket < bucket_count);
    if (bucket < steps)
        return bucket;
    const size_t shift = (bucket - steps) / steps;
    const size_t step = (bucket - steps) % steps;
    const uint64_t start = (steps + step) << shift;
    return start + ((uint64_t{1} << shift) - 1);
}

void Histogram::add(uint64_t value) {
    buckets_[bucket_of(value)]++;
    count_++;
    sum_ += value;
    minimum_ = std::min(minimum_, value);
    maximum_ = std::max(maximum_, value);
}

void Histogram::merge(const Histogram& other) {
    for (size_t i = 0; i < bucket_count; i++)
        buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    minimum_ = std::min(minimum_, other.minimum_);
    maximum_ = std::max(maximum_, other.maximum_);
}

uint64_t Histogram::quantile(uint64_t part, uint64_t whole) const {
    CHECK(whole != 0 && part <= whole);
    if (count_ == 0 || part == 0)
        return minimum();
    const auto wanted = static_cast<unsigned __int128>(count_) * part;
    const auto rank = static_cast<uint64_t>((wanted + whole - 1) / whole);
    uint64_t seen = 0;
    for (size_t i = 0; i < bucket_count; i++) {
        seen += buckets_[i];
        if (seen >= rank)
            return std::min(bucket_end(i), maximum_);
    }
    return maximum_;
}

}  // namespace cairn
