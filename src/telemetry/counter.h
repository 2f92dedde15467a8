// Counter: something that only grows: requests served, bytes moved, errors seen. One loop owns it;
// whoever reports (the status screens, the metrics page) reads it on that loop. Rates are made by
// the reader from two readings, never here.
#pragma once

#include <cstdint>

namespace cairn {

class Counter {
  public:
    void add(uint64_t amount = 1) { value_ += amount; }
    [[nodiscard]] uint64_t value() const { return value_; }
    void merge(const Counter& other) { value_ += other.value_; }

  private:
    uint64_t value_ = 0;
};

}  // namespace cairn
