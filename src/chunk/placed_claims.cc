#include "chunk/placed_claims.h"

#include <algorithm>

namespace cairn::chunk {

PlacedClaims::Claim::Claim(PlacedClaims& claims, const ChunkEntry& chunk, uint32_t first_block,
                           uint32_t count)
    : claims_(claims), chunk_(chunk), first_block_(first_block), count_(count) {
    claims_.claims_.push_back(this);
}

PlacedClaims::Claim::~Claim() {
    std::erase(claims_.claims_, this);
    claims_.changed_.notify_all();
}

bool PlacedClaims::overlap(const ChunkEntry& chunk, uint32_t first_block, uint32_t count) const {
    return std::any_of(claims_.begin(), claims_.end(), [&](const Claim* claim) {
        return &claim->chunk_ == &chunk && claim->first_block_ < first_block + count &&
               first_block < claim->first_block_ + claim->count_;
    });
}

Task<void> PlacedClaims::wait(ChunkRef chunk, uint32_t first_block, uint32_t count) {
    while (overlap(*chunk, first_block, count))
        co_await changed_.wait();
}

void PlacedClaims::disturb(const ChunkEntry& chunk, uint32_t first_block, uint32_t count) {
    for (Claim* claim : claims_) {
        claim->disturbed_ |= &claim->chunk_ == &chunk &&
                             claim->first_block_ < first_block + count &&
                             first_block < claim->first_block_ + claim->count_;
    }
}

}  // namespace cairn::chunk
