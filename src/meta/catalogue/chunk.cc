#include "meta/catalogue/chunk.h"

#include <algorithm>

#include "base/check.h"

namespace cairn::meta {

const ChunkPiece* ChunkPieces::find(CsId cs) const {
    for (const ChunkPiece& piece : all())
        if (piece.cs == cs)
            return &piece;
    return nullptr;
}

ChunkPiece* ChunkPieces::find(CsId cs) {
    return const_cast<ChunkPiece*>(std::as_const(*this).find(cs));
}

void ChunkPieces::add(const ChunkPiece& piece) {
    CHECK_NOTE(find(piece.cs) == nullptr, "a chunk server holds two pieces of a chunk");
    if (!more_ && few_count_ < few_max) {
        few_[few_count_++] = piece;
        return;
    }
    if (!more_)
        more_ = std::make_unique<std::vector<ChunkPiece>>(few_.begin(), few_.end());
    more_->push_back(piece);
}

void ChunkPieces::remove(CsId cs) {
    if (more_) {
        std::erase_if(*more_, [cs](const ChunkPiece& piece) { return piece.cs == cs; });
        if (more_->size() > few_max)
            return;
        std::ranges::copy(*more_, few_.begin());
        few_count_ = static_cast<uint8_t>(more_->size());
        more_.reset();
        return;
    }
    const auto kept = std::remove_if(few_.begin(), few_.begin() + few_count_,
                                     [cs](const ChunkPiece& piece) { return piece.cs == cs; });
    few_count_ = static_cast<uint8_t>(kept - few_.begin());
}

uint32_t Chunk::in_sync_count() const {
    return static_cast<uint32_t>(std::ranges::count_if(pieces, &ChunkPiece::in_sync));
}

uint32_t Chunk::joining_count() const {
    return static_cast<uint32_t>(pieces.size()) - in_sync_count();
}

bool Chunk::all_suspect() const {
    return std::ranges::all_of(
        pieces, [](const ChunkPiece& piece) { return !piece.in_sync() || piece.suspect; });
}

}  // namespace cairn::meta
