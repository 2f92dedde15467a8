// ServiceCounters: what a chunk server has done since it started, and how long it took lately, as
// its heartbeats report it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "chunk/repair_pace.h"
#include "wire/cs_messages.h"

namespace cairn::chunk {

class ServiceCounters {
  public:
    void read(uint64_t bytes) {
        totals_.read_bytes += bytes;
        totals_.read_operations++;
    }
    void wrote(uint64_t bytes) {
        totals_.write_bytes += bytes;
        totals_.write_operations++;
    }
    void flushed() { totals_.flush_operations++; }
    void repair_read(uint64_t bytes) { totals_.repair_read_bytes += bytes; }
    void repair_wrote(uint64_t bytes) { totals_.repair_write_bytes += bytes; }
    void restored() { restored_blocks_++; }
    void bad_block() { totals_.bad_blocks++; }
    void verified(uint64_t bytes, uint64_t rewritten) {
        totals_.verified_bytes += bytes;
        totals_.rewritten += rewritten;
    }
    void verified_chunk(ChunkId chunk) {
        totals_.verified_chunks++;
        totals_.last_verified = chunk;
    }
    // Requests of clients that run now.
    [[nodiscard]] int64_t running() const { return running_; }

    // A request began and ended. Queue depth and latency follow from these.
    void began(Instant now) {
        advance(now);
        running_++;
    }
    void ended(Instant now, Instant began) {
        advance(now);
        running_--;
        const auto took = static_cast<uint64_t>((now - began).microseconds());
        latency_sum_us_ += took;
        latency_count_++;
        latency_max_us_ = std::max(latency_max_us_, took);
        clients_.requests++;
        clients_.latency_sum_us += took;
    }
    [[nodiscard]] const ClientLoad& clients() const { return clients_; }
    // Totals, with latency and queue depth since the last call.
    [[nodiscard]] CsCounters take(Instant now) {
        advance(now);
        CsCounters counters = totals_;
        const int64_t window_us = std::max<int64_t>(1, (now - window_began_).microseconds());
        counters.queue_depth_tenths = static_cast<uint32_t>(depth_time_us_ * 10 / window_us);
        counters.io_wait_percent = static_cast<uint32_t>(busy_time_us_ * 100 / window_us);
        if (latency_count_ > 0)
            counters.latency_average_us = static_cast<uint32_t>(latency_sum_us_ / latency_count_);
        counters.latency_maximum_us = static_cast<uint32_t>(latency_max_us_);
        window_began_ = now;
        depth_time_us_ = busy_time_us_ = 0;
        latency_sum_us_ = latency_count_ = latency_max_us_ = 0;
        return counters;
    }
    [[nodiscard]] uint64_t restored_blocks() const { return restored_blocks_; }

  private:
    void advance(Instant now) {
        const int64_t passed_us = (now - last_).microseconds();
        depth_time_us_ += passed_us * running_;
        if (running_ > 0)
            busy_time_us_ += passed_us;
        last_ = now;
    }

    CsCounters totals_;
    ClientLoad clients_;
    uint64_t restored_blocks_ = 0;
    Instant last_;
    Instant window_began_;
    int64_t running_ = 0;
    int64_t depth_time_us_ = 0;
    int64_t busy_time_us_ = 0;
    uint64_t latency_sum_us_ = 0;
    uint64_t latency_count_ = 0;
    uint64_t latency_max_us_ = 0;
};

}  // namespace cairn::chunk
