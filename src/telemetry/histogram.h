// Histogram: how often which size of number was seen (latencies in nanoseconds, lengths in bytes).
// Buckets are linear below 16 and split each power of two into 16 above, so that any number is kept
// to within 1/16 of itself, from 0 to 2^64 - 1, in a table of fixed size. Integers only; merging
// two histograms gives exactly the histogram of both inputs. Pure: it reads no clock and takes no
// lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn {

class Histogram {
  public:
    static constexpr unsigned linear_bits = 4;
    static constexpr size_t steps = size_t{1} << linear_bits;
    static constexpr size_t bucket_count = steps + (64 - linear_bits) * steps;

    void add(uint64_t value);
    void merge(const Histogram& other);

    [[nodiscard]] uint64_t count() const { return count_; }
    // Wraps around after 2^64; in nanoseconds that is 584 years of latency.
    [[nodiscard]] uint64_t sum() const { return sum_; }
    [[nodiscard]] uint64_t minimum() const { return count_ == 0 ? 0 : minimum_; }
    [[nodiscard]] uint64_t maximum() const { return maximum_; }
    // The value that `part` of `whole` numbers do not exceed: quantile(99, 100), quantile(999,
    // 1000). It is the upper end of that number's bucket, and never beyond the maximum.
    [[nodiscard]] uint64_t quantile(uint64_t part, uint64_t whole) const;

    // Where a value is counted, and the largest value that is counted there.
    [[nodiscard]] static size_t bucket_of(uint64_t value);
    [[nodiscard]] static uint64_t bucket_end(size_t bucket);
    [[nodiscard]] uint64_t in_bucket(size_t bucket) const { return buckets_[bucket]; }

  private:
    std::array<uint64_t, bucket_count> buckets_{};
    uint64_t count_ = 0;
    uint64_t sum_ = 0;
    uint64_t minimum_ = UINT64_MAX;
    uint64_t maximum_ = 0;
};

}  // namespace cairn
