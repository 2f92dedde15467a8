#include "client/fan_out.h"

#include <algorithm>

#include "base/check.h"

namespace cairn::client {

FanOut::FanOut(const ChunkMap& map, uint8_t replicas_min, bool joiners, const Rules& rules)
    : rules_(rules), joiners_(joiners) {
    take_map(map, replicas_min);
}

bool FanOut::wanted(const Piece& piece) const {
    return piece.state == PieceState::in_sync || joiners_;
}

FanOut::Target* FanOut::find(CsId cs) {
    auto at = std::find_if(targets_.begin(), targets_.end(),
                           [cs](const Target& target) { return target.piece.cs == cs; });
    return at == targets_.end() ? nullptr : &*at;
}

bool FanOut::counts(const Target& target) const {
    return target.version >= target.piece.since || !rules_.void_old_answers;
}

void FanOut::take_map(const ChunkMap& map, uint8_t replicas_min) {
    CHECK_NOTE(map.version >= version_, "a client never accepts an older view");
    std::vector<Target> targets;
    in_sync_ = 0;
    for (const Piece& piece : map.pieces) {
        if (piece.state == PieceState::in_sync)
            in_sync_++;
        if (!wanted(piece))
            continue;
        Target target;
        if (const Target* known = find(piece.cs))
            target = *known;
        target.piece = piece;
        if (target.state == State::failed && map.version > version_)
            target.state = State::to_send;
        if (target.state == State::answered && !counts(target))
            target.state = State::to_send;
        targets.push_back(target);
    }
    targets_ = std::move(targets);
    version_ = map.version;
    replicas_min_ = replicas_min;
}

std::vector<CsId> FanOut::to_send() {
    std::vector<CsId> list;
    for (Target& target : targets_) {
        if (target.state != State::to_send)
            continue;
        target.state = State::in_flight;
        target.version = version_;
        list.push_back(target.piece.cs);
    }
    return list;
}

void FanOut::answered(CsId cs, Version sent_under, bool durable) {
    Target* target = find(cs);
    // It left, or it left and came back: what it answered then says nothing about it now.
    if (target == nullptr || target->version != sent_under || target->state != State::in_flight)
        return;
    target->state = counts(*target) ? State::answered : State::to_send;
    target->durable = durable;
}

void FanOut::failed(CsId cs, Version sent_under) {
    Target* target = find(cs);
    if (target == nullptr || target->version != sent_under || target->state != State::in_flight)
        return;
    // A map that came meanwhile may be all that was missing.
    target->state = sent_under < version_ ? State::to_send : State::failed;
}

void FanOut::retry_failed() {
    for (Target& target : targets_) {
        if (target.state == State::failed)
            target.state = State::to_send;
    }
}

bool FanOut::has_failed() const {
    return std::any_of(targets_.begin(), targets_.end(),
                       [](const Target& target) { return target.state == State::failed; });
}

bool FanOut::complete() const {
    if (below_minimum() || targets_.empty())
        return false;
    return std::all_of(targets_.begin(), targets_.end(),
                       [](const Target& target) { return target.state == State::answered; });
}

bool FanOut::durable() const {
    return std::all_of(targets_.begin(), targets_.end(),
                       [](const Target& target) { return target.durable; });
}

}  // namespace cairn::client
