// StatisticsDevice: counts what passes and how long it took, per kind of request. It changes
// nothing else, and does not own the device below. Latencies are of the loop's clock: as fine as a
// turn.
#pragma once

#include <array>

#include "block/filter_device.h"
#include "runtime/loop.h"
#include "telemetry/counter.h"
#include "telemetry/histogram.h"

namespace cairn::block {

enum class RequestKind : uint8_t { read, write, flush, trim, zero };
constexpr size_t request_kinds = 5;

struct RequestStatistics {
    Counter requests;  // ended, failed ones included
    Counter failures;
    Counter bytes;      // of those that succeeded
    Histogram latency;  // in nanoseconds
    uint64_t in_flight = 0;
};

class StatisticsDevice final : public FilterDevice {
  public:
    StatisticsDevice(Loop& loop, BlockDevice& below) : FilterDevice(below), loop_(loop) {}

    Task<Result<Buffer>> read(uint64_t offset, uint32_t length) override;
    Task<Result<void>> write(uint64_t offset, Buffer data, WriteFlags flags) override;
    Task<Result<void>> flush() override;
    Task<Result<void>> trim(uint64_t offset, uint64_t length) override;
    Task<Result<void>> zero(uint64_t offset, uint64_t length, ZeroFlags flags) override;

    [[nodiscard]] const RequestStatistics& of(RequestKind kind) const {
        return statistics_[static_cast<size_t>(kind)];
    }

  private:
    Task<Result<void>> measured(RequestKind kind, uint64_t length, Task<Result<void>> request);
    void ended(RequestKind kind, Instant started, uint64_t length, bool succeeded);

    Loop& loop_;
    std::array<RequestStatistics, request_kinds> statistics_;
};

}  // namespace cairn::block
