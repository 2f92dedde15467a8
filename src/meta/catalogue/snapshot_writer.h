// SnapshotWriter: writes the catalogue as it is now, piece by piece, while entries go on being
// applied. It keeps the bytes of a node or chunk from before its first change, until the writer has
// passed it: so a snapshot costs the pieces that are asked for and little memory, and stalls
// nothing. The small tables (servers, clients, leases, events) are copied when it begins. Whoever
// takes the snapshot owns it, on the catalogue's loop; the catalogue outlives it.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "meta/catalogue/snapshot_format.h"

namespace cairn::meta {

class SnapshotWriter final : public ChangeObserver {
  public:
    explicit SnapshotWriter(Catalogue& catalogue);
    ~SnapshotWriter() override;
    SnapshotWriter(const SnapshotWriter&) = delete;
    SnapshotWriter& operator=(const SnapshotWriter&) = delete;

    // The last log entry that it holds.
    [[nodiscard]] LogIndex position() const { return position_; }
    // The next piece, of about piece_payload_bytes; nothing after the last.
    [[nodiscard]] std::optional<Bytes> next_piece();

    void before_node(FileId file) override;
    void before_chunk(ChunkId chunk) override;

  private:
    // Of what changed since the writer began and was not written yet; empty: was not there.
    using Images = std::map<uint64_t, Bytes>;

    void gather_small(Bytes& payload, uint32_t& records);
    template <class Table, class Encode>
    void gather(const Table& table, Images& images, uint64_t& cursor, Bytes& payload,
                uint32_t& records, Encode encode_now);

    Catalogue& catalogue_;
    LogIndex position_;
    Section section_ = Section::head;
    std::deque<std::pair<Section, Bytes>> small_;
    Images node_images_;
    Images chunk_images_;
    uint64_t node_cursor_ = 0;   // nodes below are written
    uint64_t chunk_cursor_ = 0;  // UINT64_MAX: all are
    uint64_t nodes_written_ = 0;
    uint64_t chunks_written_ = 0;
    uint32_t pieces_ = 0;
    bool done_ = false;
};

}  // namespace cairn::meta
