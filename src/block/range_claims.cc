#include "block/range_claims.h"

#include "base/check.h"
#include "base/size.h"

namespace cairn::block {

RangeClaim::RangeClaim(uint64_t offset, uint64_t length, Access access) : access_(access) {
    if (length == 0)
        return;
    CHECK(length <= UINT64_MAX - offset);
    first_block_ = offset / block_size;
    end_block_ = (offset + length - 1) / block_size + 1;
}

RangeClaim::~RangeClaim() {
    CHECK_NOTE(!entered_, "a claim on a range was destroyed before it left");
}

// A scan over what is in flight, which callers bound: some hundred claims, and none of them is
// looked at while all are shared.
void RangeClaims::enter(RangeClaim& claim) {
    CHECK(!claim.entered_);
    claim.entered_ = true;
    claim.blockers_ = 0;
    if (claim.access_ == Access::exclusive)
        exclusive_++;
    if (exclusive_ != 0) {
        for (const RangeClaim* earlier = first_; earlier != nullptr; earlier = earlier->next_) {
            if (earlier->conflicts_with(claim))
                claim.blockers_++;
        }
    }
    claim.previous_ = last_;
    claim.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &claim;
    last_ = &claim;
    size_++;
}

void RangeClaims::unlink(RangeClaim& claim) {
    CHECK(claim.entered_);
    (claim.previous_ != nullptr ? claim.previous_->next_ : first_) = claim.next_;
    (claim.next_ != nullptr ? claim.next_->previous_ : last_) = claim.previous_;
    claim.previous_ = claim.next_ = nullptr;
    claim.entered_ = false;
    size_--;
    if (claim.access_ == Access::exclusive)
        exclusive_--;
}

}  // namespace cairn::block
