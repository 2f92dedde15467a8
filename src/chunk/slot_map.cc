#include "chunk/slot_map.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace cairn::chunk {

void SlotMap::move(uint32_t slice, uint32_t slot, uint32_t slice_count) {
    if (of(slice) == slot)
        return;
    if (slots_.empty()) {
        slots_.resize(slice_count);
        std::iota(slots_.begin(), slots_.end(), uint16_t{0});
    }
    slots_[slice] = static_cast<uint16_t>(slot);
}

bool SlotMap::assign(std::vector<uint16_t> slots, uint32_t slice_count, uint32_t slot_count) {
    std::vector<uint16_t> sorted = slots;
    std::sort(sorted.begin(), sorted.end());
    const bool twice = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
    if (sorted.size() != slice_count || twice || sorted.back() >= slot_count)
        return false;
    slots_ = std::move(slots);
    return true;
}

std::vector<bool> SlotMap::free_slots(uint32_t slice_count, uint32_t slot_count) const {
    std::vector<bool> is_free(slot_count, true);
    for (uint32_t slice = 0; slice < slice_count; slice++)
        is_free[of(slice)] = false;
    return is_free;
}

}  // namespace cairn::chunk
