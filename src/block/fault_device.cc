#include "block/fault_device.h"

#include "runtime/wait.h"

namespace cairn::block {

namespace {

bool fits(const FaultRule& rule, RequestKind kind, uint64_t offset, uint64_t length) {
    if (rule.kind && *rule.kind != kind)
        return false;
    if (kind == RequestKind::flush)  // touches everything
        return true;
    const bool ends_before = length <= rule.offset && offset <= rule.offset - length;
    const bool starts_behind = offset >= rule.offset && offset - rule.offset >= rule.length;
    return !ends_before && !starts_behind;
}

Error injected(Code code) {
    return {code, "a fault that a test injected"};
}

}  // namespace

FaultDevice::Verdict FaultDevice::judge(RequestKind kind, uint64_t offset, uint64_t length) {
    for (PlannedRule& planned : rules_) {
        const FaultRule& rule = planned.rule;
        if (!fits(rule, kind, offset, length) || planned.hit >= rule.count)
            continue;
        if (planned.fitted++ < rule.skip)
            continue;
        planned.hit++;
        hits_++;
        return {rule.delay, rule.failure, rule.fails_after_done};
    }
    return {};
}

Task<Result<void>> FaultDevice::judged(Verdict verdict, Task<Result<void>> request) {
    if (verdict.delay.nanoseconds > 0)
        co_await Sleep(loop_, verdict.delay);
    if (verdict.failure && !verdict.fails_after_done)
        co_return injected(*verdict.failure);
    Result<void> result = co_await std::move(request);
    if (verdict.failure)
        co_return injected(*verdict.failure);
    co_return result;
}

Task<Result<Buffer>> FaultDevice::read(uint64_t offset, uint32_t length) {
    const Verdict verdict = judge(RequestKind::read, offset, length);
    if (verdict.delay.nanoseconds > 0)
        co_await Sleep(loop_, verdict.delay);
    if (verdict.failure)
        co_return injected(*verdict.failure);
    co_return co_await below().read(offset, length);
}

Task<Result<void>> FaultDevice::write(uint64_t offset, Buffer data, WriteFlags flags) {
    const Verdict verdict = judge(RequestKind::write, offset, data.size());
    return judged(verdict, below().write(offset, std::move(data), flags));
}

Task<Result<void>> FaultDevice::flush() {
    return judged(judge(RequestKind::flush, 0, 0), below().flush());
}

Task<Result<void>> FaultDevice::trim(uint64_t offset, uint64_t length) {
    return judged(judge(RequestKind::trim, offset, length), below().trim(offset, length));
}

Task<Result<void>> FaultDevice::zero(uint64_t offset, uint64_t length, ZeroFlags flags) {
    return judged(judge(RequestKind::zero, offset, length), below().zero(offset, length, flags));
}

}  // namespace cairn::block
