// SnapshotReader: builds a catalogue from the pieces of a snapshot, given one after another. It
// believes nothing: every piece is checked by its checksum, every record by what it refers to, and
// a catalogue comes out only if all of it holds together.
#pragma once

#include <memory>

#include "meta/catalogue/snapshot_format.h"

namespace cairn::meta {

class SnapshotReader {
  public:
    SnapshotReader();

    // After an error the reader is of no further use.
    [[nodiscard]] Result<void> add_piece(ByteView piece);
    // Whether the last piece was given.
    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] Result<std::unique_ptr<Catalogue>> finish();

  private:
    struct UnlinkedNode {
        FileId file;
        std::string name;
    };

    [[nodiscard]] Result<void> add_record(Section section, ByteView record);
    [[nodiscard]] bool add(const HeadRecord& head);
    [[nodiscard]] bool add(CsImage image);
    [[nodiscard]] bool add(const MdsImage& image);
    [[nodiscard]] bool add(ClientImage image);
    [[nodiscard]] bool add(AnswerImage image);
    [[nodiscard]] bool add(Event event);
    [[nodiscard]] bool add(LeaseImage image);
    [[nodiscard]] bool add(ComparisonImage image);
    [[nodiscard]] bool add(NodeImage image);
    [[nodiscard]] bool add(const ChunkImage& image);
    [[nodiscard]] bool add(const EndRecord& end);
    [[nodiscard]] bool link(FileId file, Node& node, const std::string& name);
    [[nodiscard]] bool links_hold();
    [[nodiscard]] bool leases_hold() const;
    [[nodiscard]] bool comparisons_hold() const;

    std::unique_ptr<Catalogue> catalogue_;
    Tables& tables_;
    Section section_ = Section::head;
    uint32_t pieces_ = 0;
    uint64_t records_ = 0;  // of this section so far
    uint64_t last_key_ = 0;
    uint64_t last_event_ = 0;
    std::deque<Event> events_;
    std::vector<UnlinkedNode> unlinked_;  // their directory has not been read yet
    bool complete_ = false;
};

}  // namespace cairn::meta
