// ServiceCounters: what a chunk server has done since it started, and how long it took lately, as
// its heartbeats report it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "chunk/hot_chunks.h"
#include "chunk/recent_load.h"
#include "chunk/repair_pace.h"
#include "wire/cs_messages.h"

namespace cairn::chunk {

class ServiceCounters {
  public:
    void read(ChunkId chunk, uint64_t bytes) {
        hot_chunks_.asked(chunk);
        totals_.read_bytes += bytes;
        totals_.read_operations++;
    }
    void wrote(ChunkId chunk, uint64_t bytes) {
        hot_chunks_.asked(chunk);
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
    [[nodiscard]] std::vector<HotChunk> hottest() const { return hot_chunks_.hottest(); }
    // Totals, with latency since the last call, and the load of the last 5 s.
    [[nodiscard]] CsCounters take(Instant now) {
        advance(now);
        CsCounters counters = totals_;
        load_.add((now - window_began_).microseconds(), depth_time_us_, busy_time_us_);
        counters.queue_depth_tenths = load_.depth_tenths();
        counters.io_wait_percent = load_.busy_percent();
        if (now - faded_ >= seconds(1)) {
            for (int64_t i = std::min<int64_t>((now - faded_).seconds(), 60); i > 0; i--)
                hot_chunks_.fade();
            faded_ = now;
        }
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
    HotChunks hot_chunks_;
    RecentLoad load_;
    Instant faded_;
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
