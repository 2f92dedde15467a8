#include "rpc/call_table.h"

#include "base/check.h"

namespace cairn::rpc {

uint64_t CallTable::add(PendingCall& call, uint64_t charge) {
    if (free_.empty()) {
        slots_.emplace_back();
        free_.push_back(static_cast<uint32_t>(slots_.size() - 1));
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.generation++;
    slot.used = true;
    slot.call = &call;
    slot.charge = charge;
    count_++;
    return (uint64_t{slot.generation} << 32) | index;
}

void CallTable::give_up(uint64_t request) {
    Slot* slot = find(request);
    CHECK(slot != nullptr);
    slot->call = nullptr;
}

std::optional<CallTable::Taken> CallTable::take(uint64_t request) {
    Slot* slot = find(request);
    if (slot == nullptr)
        return std::nullopt;
    slot->used = false;
    free_.push_back(static_cast<uint32_t>(request));
    count_--;
    return Taken{slot->call, slot->charge};
}

void CallTable::settle_all() {
    for (Slot& slot : slots_) {
        if (slot.used && slot.call != nullptr)
            slot.call->settled.set();
        slot.used = false;
    }
    slots_.clear();
    free_.clear();
    count_ = 0;
}

CallTable::Slot* CallTable::find(uint64_t request) {
    const auto index = static_cast<uint32_t>(request);
    if (index >= slots_.size())
        return nullptr;
    Slot& slot = slots_[index];
    return slot.used && slot.generation == request >> 32 ? &slot : nullptr;
}

}  // namespace cairn::rpc
