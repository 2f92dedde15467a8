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
    return {.sequence = header_sequence, .header = header(cluster), .pages = pages};
}

}  // namespace cairn::chunk
