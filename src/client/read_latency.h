// ReadLatency: how long the chunk servers take to answer this client's reads, and what follows from
// it: when an answer is late, whether another replica may be asked as well, and which servers are
// passed over for a while. Pure: the caller says what time it is. The Client owns one.
//
// Late is what the server that would be asked instead almost always (95 %) does better: by a slow
// server's own measure it would never be late. What is asked twice is at most a twentieth of all
// reads, and a few at once: a cluster that is slow since it has too much to do gets little more.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "base/ids.h"
#include "base/time.h"

namespace cairn::client {

// How long reads took, with the older ones fading.
class LatencyHistogram {
  public:
    void add(Duration latency);
    // So that 95 % were no longer; none before there are enough to tell.
    [[nodiscard]] Duration percentile_95() const { return percentile_95_; }
    [[nodiscard]] bool tells() const { return samples_ >= samples_least; }

  private:
    static constexpr uint32_t samples_least = 20;
    static constexpr uint32_t samples_fade = 400;  // all are halved when there are so many
    static constexpr uint32_t looks_every = 16;
    // Four a doubling, from 1 us to some 16 s.
    static constexpr size_t buckets = 100;

    [[nodiscard]] static size_t bucket_of(Duration latency);
    [[nodiscard]] static Duration top_of(size_t bucket);
    void look();

    std::array<uint16_t, buckets> counts_{};
    uint32_t samples_ = 0;
    uint32_t since_look_ = 0;
    Duration percentile_95_;
};

class ReadLatency {
  public:
    static constexpr Duration patience_unknown = milliseconds(50);
    static constexpr Duration patience_least = milliseconds(5);
    static constexpr Duration patience_most = milliseconds(500);

    // A read was sent; it earns a part of a second request.
    void began();
    void answered(CsId cs, uint64_t bytes, Duration latency);
    // How long to wait for another server's answer before `instead` is asked, too.
    [[nodiscard]] Duration patience(CsId instead, uint64_t bytes) const;
    // Uses one of the second requests that were earned.
    [[nodiscard]] bool may_hedge();
    // An answer from it is late, and came after all or will not come.
    void late(CsId cs, Instant now);
    void late_ended(CsId cs, bool answered, Instant now);
    // Others are to be asked before it: several answers are late, or were a moment ago.
    [[nodiscard]] bool is_slow(CsId cs, Instant now) const;
    [[nodiscard]] uint64_t hedges() const { return hedges_; }

  private:
    static constexpr uint32_t reads_per_hedge = 20;
    static constexpr uint32_t hedges_at_once = 64;
    static constexpr uint32_t late_is_slow = 2;
    static constexpr Duration avoid_least = seconds(1);
    static constexpr Duration avoid_most = seconds(30);

    struct Server {
        LatencyHistogram small;
        LatencyHistogram large;
        uint32_t late = 0;  // answers that are late now
        Instant avoid_until;
        Duration avoid_for;  // the last time
    };
    [[nodiscard]] static bool is_large(uint64_t bytes);
    static void avoid(Server& server, Instant now);

    std::map<CsId, Server> servers_;
    uint32_t credit_ = reads_per_hedge * hedges_at_once;
    uint64_t hedges_ = 0;
};

}  // namespace cairn::client
