// The two passes of a recovery over the journal (recovery.h), as visitors of its records.
#pragma once

#include "chunk/recovery.h"

namespace cairn::chunk {

// What the passes have in common: records are decoded, verified and numbered.
class RecoveryPass : public journal::RecordVisitor {
  public:
    [[nodiscard]] bool is_intact(const journal::RecordView& view) override;
    Task<Result<void>> visit(const journal::RecordView& view) override;

  protected:
    virtual Task<Result<void>> replay(Record record, ByteView payload) = 0;
    uint64_t ordinal_ = 0;  // of the record being replayed, from 1
    journal::Sequence group_ = 0;
};

// Before both: only looks whether records are what they were.
class Recovery::CompletionPass final : public RecoveryPass {
  private:
    Task<Result<void>> replay(Record record, ByteView payload) override;
};

class Recovery::MetadataPass final : public RecoveryPass {
  public:
    explicit MetadataPass(Recovery& recovery) : recovery_(recovery) {}

    [[nodiscard]] bool speaks_of_more(const journal::RecordView& view) override;
    Task<bool> more_is_there(const journal::RecordView& view) override;

  private:
    Task<Result<void>> replay(Record record, ByteView payload) override;
    Task<Result<void>> create(ChunkId id, ByteView payload);
    Task<Result<void>> remove(ChunkId id);
    Task<Result<void>> place_page(ChunkRef chunk, uint32_t page, ByteView payload);
    Task<Result<void>> replace_header(ChunkId id, ByteView payload);
    void forget(ChunkId id);
    Result<void> note_write(const WriteFields& fields);
    Result<void> note_placed(const WriteFields& fields);
    void mark(const MarkFields& fields);
    // The chunk, or null after noting that it is missing.
    ChunkRef chunk_of(ChunkId id);

    Recovery& recovery_;
    // Of chunks whose header could not be read (so far).
    std::map<std::pair<ChunkId, uint32_t>, Buffer> waiting_pages_;
};

class Recovery::DataPass final : public RecoveryPass {
  public:
    explicit DataPass(Recovery& recovery) : recovery_(recovery) {}

  private:
    Task<Result<void>> replay(Record record, ByteView payload) override;
    // Of the record's blocks, those that no later placed write covers: those lie where earlier ones
    // must not be put any more.
    struct Run {
        uint32_t first = 0;  // within the record
        uint32_t count = 0;
    };
    void find_runs(const WriteFields& fields);
    void put(const ChunkRef& chunk, const Record& record, ByteView payload, Run run);

    Recovery& recovery_;
    std::vector<Run> runs_;
    std::vector<uint64_t> checksums_;
};

}  // namespace cairn::chunk
