#include "chunk/chunk_entry.h"

namespace cairn::chunk {

ChunkEntry::ChunkEntry(const HeaderBlock& block, uint32_t serial_number)
    : id(block.header.chunk),
      file(block.header.file),
      index(block.header.index),
      size(block.header.size),
      header_sequence(block.sequence),
      version(block.header.version),
      serial(serial_number),
      piece(block.header.piece),
      state(block.header.state),
      pages(block.pages),
      slots(block.slots),
      spares_used(block.spares_used),
      slot_cursor(geometry().slice_count()),
      layout_length_(static_cast<uint16_t>(block.header.layout.size())),
      path_hint_length_(static_cast<uint16_t>(block.header.path_hint.size())) {
    texts_ = block.header.layout;
    texts_ += block.header.path_hint;
    texts_ += text_of(block.header.attributes);
    texts_.shrink_to_fit();
}

ChunkHeader ChunkEntry::header(const ClusterId& cluster) const {
    const ByteView attributes = bytes_of(texts_).subspan(layout_length_ + path_hint_length_);
    return {.cluster = cluster,
            .chunk = id,
            .file = file,
            .index = index,
            .size = size,
            .version = version,
            .piece = piece,
            .state = state,
            .layout = texts_.substr(0, layout_length_),
            .path_hint = texts_.substr(layout_length_, path_hint_length_),
            .attributes = Bytes(attributes.begin(), attributes.end())};
}

HeaderBlock ChunkEntry::header_block(const ClusterId& cluster) const {
    return {.sequence = header_sequence,
            .header = header(cluster),
            .pages = pages,
            .slots = slots,
            .spares_used = spares_used};
}

uint32_t ChunkEntry::free_slot_count() const {
    const ChunkGeometry geometry = this->geometry();
    return geometry.slot_count() - geometry.slice_count() -
           static_cast<uint32_t>(taken_slots.size());
}

std::optional<uint32_t> ChunkEntry::take_free_slot() {
    const ChunkGeometry geometry = this->geometry();
    const uint32_t count = geometry.slot_count();
    std::vector<bool> free = slots.free_slots(geometry.slice_count(), count);
    for (const uint16_t slot : taken_slots)
        free[slot] = false;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t slot = (slot_cursor + i) % count;
        if (free[slot]) {
            slot_cursor = slot + 1;
            taken_slots.push_back(static_cast<uint16_t>(slot));
            return slot;
        }
    }
    return std::nullopt;
}

void ChunkEntry::let_go_of_slot(uint32_t slot) {
    std::erase(taken_slots, slot);
}

void ChunkEntry::move_slice(uint32_t slice, uint32_t slot) {
    slots.move(slice, slot, geometry().slice_count());
    let_go_of_slot(slot);
    header_due = spares_used = moved_lately = true;
}

}  // namespace cairn::chunk
