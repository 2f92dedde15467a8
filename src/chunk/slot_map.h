// SlotMap: in which slot of its chunk file each slice of a chunk lies. At first each lies in its
// own; a write of a whole slice goes to a free slot, and the slice lies there from then on. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace cairn::chunk {

class SlotMap {
  public:
    [[nodiscard]] uint32_t of(uint32_t slice) const {
        return slots_.empty() ? slice : slots_[slice];
    }
    // REQUIRES: every number fits 16 bits, `slice` is below `slice_count`.
    void move(uint32_t slice, uint32_t slot, uint32_t slice_count);
    [[nodiscard]] bool at_home() const { return slots_.empty(); }
    // By slice; nothing while all are at home.
    [[nodiscard]] const std::vector<uint16_t>& slots() const { return slots_; }
    // False, and nothing changes, unless it names so many slots below `slot_count`, each once.
    [[nodiscard]] bool assign(std::vector<uint16_t> slots, uint32_t slice_count,
                              uint32_t slot_count);
    // By slot: whether no slice lies there.
    [[nodiscard]] std::vector<bool> free_slots(uint32_t slice_count, uint32_t slot_count) const;

    bool operator==(const SlotMap&) const = default;

  private:
    std::vector<uint16_t> slots_;
};

}  // namespace cairn::chunk
