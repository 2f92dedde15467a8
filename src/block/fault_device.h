// FaultDevice: fails or delays chosen requests, by a plan, on their way to the device below; for
// tests of everything that must bear such a device. The first rule that fits a request decides it;
// a request that no rule fits passes untouched. It does not own the device below.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "block/filter_device.h"
#include "block/statistics_device.h"
#include "runtime/loop.h"

namespace cairn::block {

struct FaultRule {
    std::optional<RequestKind> kind{};  // none: any
    uint64_t offset = 0;                // requests that touch [offset, offset + length)
    uint64_t length = UINT64_MAX;
    uint64_t skip = 0;              // so many fitting requests pass first
    uint64_t count = UINT64_MAX;    // then so many are hit
    Duration delay{};               // before anything else happens
    std::optional<Code> failure{};  // none: the request is done, late
    bool fails_after_done = false;  // the failure is told although the request was done
};

class FaultDevice final : public FilterDevice {
  public:
    FaultDevice(Loop& loop, BlockDevice& below) : FilterDevice(below), loop_(loop) {}

    void add(FaultRule rule) { rules_.push_back({rule, 0, 0}); }
    void clear() { rules_.clear(); }
    // Requests hit so far: a test that injects a fault asks whether it fired.
    [[nodiscard]] uint64_t hits() const { return hits_; }

    Task<Result<Buffer>> read(uint64_t offset, uint32_t length) override;
    Task<Result<void>> write(uint64_t offset, Buffer data, WriteFlags flags) override;
    Task<Result<void>> flush() override;
    Task<Result<void>> trim(uint64_t offset, uint64_t length) override;
    Task<Result<void>> zero(uint64_t offset, uint64_t length, ZeroFlags flags) override;

  private:
    struct PlannedRule {
        FaultRule rule;
        uint64_t fitted;
        uint64_t hit;
    };
    // What happens to a request; nothing by default.
    struct Verdict {
        Duration delay;
        std::optional<Code> failure;
        bool fails_after_done = false;
    };
    Verdict judge(RequestKind kind, uint64_t offset, uint64_t length);
    Task<Result<void>> judged(Verdict verdict, Task<Result<void>> request);

    Loop& loop_;
    std::vector<PlannedRule> rules_;
    uint64_t hits_ = 0;
};

}  // namespace cairn::block
