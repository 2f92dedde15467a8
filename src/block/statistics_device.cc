#include "block/statistics_device.h"

namespace cairn::block {

void StatisticsDevice::ended(RequestKind kind, Instant started, uint64_t length, bool succeeded) {
    RequestStatistics& statistics = statistics_[static_cast<size_t>(kind)];
    statistics.in_flight--;
    statistics.requests.add();
    if (succeeded)
        statistics.bytes.add(length);
    else
        statistics.failures.add();
    statistics.latency.add(static_cast<uint64_t>((loop_.now() - started).nanoseconds));
}

Task<Result<void>> StatisticsDevice::measured(RequestKind kind, uint64_t length,
                                              Task<Result<void>> request) {
    const Instant started = loop_.now();
    statistics_[static_cast<size_t>(kind)].in_flight++;
    Result<void> result = co_await std::move(request);
    ended(kind, started, length, result.has_value());
    co_return result;
}

Task<Result<Buffer>> StatisticsDevice::read(uint64_t offset, uint32_t length) {
    const Instant started = loop_.now();
    statistics_[static_cast<size_t>(RequestKind::read)].in_flight++;
    Result<Buffer> result = co_await below().read(offset, length);
    ended(RequestKind::read, started, length, result.has_value());
    co_return result;
}

Task<Result<void>> StatisticsDevice::write(uint64_t offset, Buffer data, WriteFlags flags) {
    const uint64_t length = data.size();
    return measured(RequestKind::write, length, below().write(offset, std::move(data), flags));
}

Task<Result<void>> StatisticsDevice::flush() {
    return measured(RequestKind::flush, 0, below().flush());
}

Task<Result<void>> StatisticsDevice::trim(uint64_t offset, uint64_t length) {
    return measured(RequestKind::trim, length, below().trim(offset, length));
}

Task<Result<void>> StatisticsDevice::zero(uint64_t offset, uint64_t length, ZeroFlags flags) {
    return measured(RequestKind::zero, length, below().zero(offset, length, flags));
}

}  // namespace cairn::block
