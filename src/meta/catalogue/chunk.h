// One chunk as the catalogue knows it: whose it is, where its replicas stand, and which of them
// count. Lives in the catalogue's chunk table under its id; whether a comparison runs is kept
// beside it, since few chunks have one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "wire/meta_types.h"

namespace cairn::meta {

struct ChunkPiece {
    CsId cs;
    Version since;  // its content counts from this version on
    PieceState state = PieceState::in_sync;
    bool suspect = false;  // may have lost what it acknowledged; only in a set under comparison

    bool operator==(const ChunkPiece&) const = default;
    [[nodiscard]] bool in_sync() const { return state == PieceState::in_sync; }
};

// Up to three pieces lie in the object, more on the heap.
class ChunkPieces {
  public:
    [[nodiscard]] std::span<const ChunkPiece> all() const {
        return more_ ? std::span<const ChunkPiece>(*more_)
                     : std::span<const ChunkPiece>(few_.data(), few_count_);
    }
    [[nodiscard]] std::span<ChunkPiece> all() {
        return more_ ? std::span<ChunkPiece>(*more_)
                     : std::span<ChunkPiece>(few_.data(), few_count_);
    }
    [[nodiscard]] auto begin() const { return all().begin(); }
    [[nodiscard]] auto end() const { return all().end(); }
    [[nodiscard]] auto begin() { return all().begin(); }
    [[nodiscard]] auto end() { return all().end(); }
    [[nodiscard]] size_t size() const { return more_ ? more_->size() : few_count_; }
    [[nodiscard]] const ChunkPiece* find(CsId cs) const;
    [[nodiscard]] ChunkPiece* find(CsId cs);
    void add(const ChunkPiece& piece);
    void remove(CsId cs);

  private:
    static constexpr size_t few_max = 3;
    std::array<ChunkPiece, few_max> few_{};
    uint8_t few_count_ = 0;
    std::unique_ptr<std::vector<ChunkPiece>> more_;
};

struct Chunk {
    FileId file;
    uint64_t index = 0;  // in the file
    Version version;
    bool marked = false;  // open for writing
    ChunkPieces pieces;

    [[nodiscard]] uint32_t in_sync_count() const;
    [[nodiscard]] uint32_t joining_count() const;
    [[nodiscard]] bool all_suspect() const;  // every in-sync piece is
};

// What a chunk server is told of a comparison; it runs under the chunk's version.
struct Comparison {
    CsId source;  // none: not chosen yet
    // Blocks that are bad at the source, and which replica stands in; ascending by block.
    std::vector<std::pair<uint32_t, CsId>> stand_ins;

    bool operator==(const Comparison&) const = default;
};

}  // namespace cairn::meta
