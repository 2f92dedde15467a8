#include "meta/catalogue/clients.h"

#include <utility>

#include "base/check.h"

namespace cairn::meta {

void SessionAnswers::forget_below(uint64_t answered_below) {
    if (answered_below <= below_)
        return;
    below_ = answered_below;
    answers_.erase(answers_.begin(), answers_.lower_bound(below_));
}

const Answer* SessionAnswers::find(uint64_t sequence) const {
    const auto found = answers_.find(sequence);
    return found == answers_.end() ? nullptr : &found->second;
}

void SessionAnswers::keep(uint64_t sequence, Answer answer) {
    CHECK(sequence >= below_);
    const bool is_new = answers_.emplace(sequence, std::move(answer)).second;
    CHECK_NOTE(is_new, "a request was done twice");
}

}  // namespace cairn::meta
