// RangeClaims: who may touch which 4 KiB blocks, in order of arrival. A claim waits for every
// earlier one that overlaps it where one of the two is exclusive, and for nothing else; so two
// writes of one block, or a write and a read of it, happen in the order in which they were asked
// for. Pure and without allocation: a claim lives in its owner, and leaves before it is destroyed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::block {

enum class Access : uint8_t { shared, exclusive };

class RangeClaim {
  public:
    // The blocks that [offset, offset + length) touches; a length of 0 touches none.
    RangeClaim(uint64_t offset, uint64_t length, Access access);
    RangeClaim(const RangeClaim&) = delete;
    RangeClaim& operator=(const RangeClaim&) = delete;
    ~RangeClaim();

    // Nothing earlier stands in the way any more.
    [[nodiscard]] bool granted() const { return blockers_ == 0; }

  private:
    friend class RangeClaims;
    [[nodiscard]] bool conflicts_with(const RangeClaim& other) const {
        return first_block_ < other.end_block_ && other.first_block_ < end_block_ &&
               (access_ == Access::exclusive || other.access_ == Access::exclusive);
    }

    uint64_t first_block_ = 0;
    uint64_t end_block_ = 0;  // [0, 0), which overlaps nothing, is that of a request for nothing
    Access access_;
    bool entered_ = false;
    uint32_t blockers_ = 0;
    RangeClaim* previous_ = nullptr;
    RangeClaim* next_ = nullptr;
};

class RangeClaims {
  public:
    RangeClaims() = default;
    RangeClaims(const RangeClaims&) = delete;
    RangeClaims& operator=(const RangeClaims&) = delete;

    void enter(RangeClaim& claim);
    // `on_granted(RangeClaim&)` is called for each claim that waited and now may go, oldest first.
    // It must only note that: entering or leaving from inside it is not allowed.
    template <class OnGranted>
    void leave(RangeClaim& claim, OnGranted on_granted) {
        // Only later claims count this one as in their way; where everything is shared, none does.
        if (exclusive_ != 0) {
            for (RangeClaim* later = claim.next_; later != nullptr; later = later->next_) {
                if (later->conflicts_with(claim) && --later->blockers_ == 0)
                    on_granted(*later);
            }
        }
        unlink(claim);
    }
    [[nodiscard]] size_t size() const { return size_; }

  private:
    void unlink(RangeClaim& claim);

    RangeClaim* first_ = nullptr;
    RangeClaim* last_ = nullptr;
    size_t size_ = 0;
    size_t exclusive_ = 0;
};

}  // namespace cairn::block
