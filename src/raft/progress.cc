#include "raft/progress.h"

#include <algorithm>

namespace cairn::raft {

void Inflight::add(LogIndex last, size_t bytes) {
    sent_.push_back({last, bytes});
    bytes_ += bytes;
}

void Inflight::free_to(LogIndex index) {
    while (!sent_.empty() && sent_.front().last <= index) {
        bytes_ -= sent_.front().bytes;
        sent_.pop_front();
    }
}

void Inflight::clear() {
    sent_.clear();
    bytes_ = 0;
}

std::string_view name_of(Pace pace) {
    switch (pace) {
        case Pace::probe: return "probe";
        case Pace::replicate: return "replicate";
        case Pace::snapshot: return "snapshot";
    }
    return "unknown";
}

void Progress::to_probe(LogIndex next_index) {
    pace = Pace::probe;
    next = std::max(next_index, match.next());
    sent_commit = std::min(sent_commit, match);
    waiting = false;
    nudge = false;
    snapshot = LogIndex{};
    inflight.clear();
}

void Progress::to_replicate() {
    to_probe(match.next());
    pace = Pace::replicate;
}

void Progress::to_snapshot(LogIndex least) {
    to_probe(next);
    pace = Pace::snapshot;
    snapshot = least;
}

void Progress::accepted(LogIndex index, LogIndex first) {
    match = std::max(match, index);
    next = std::max(next, match.next());
    switch (pace) {
        case Pace::probe:
            // An answer from before the probe may show less than is known; it still shows that the
            // log is alive.
            if (index >= match)
                to_replicate();
            break;
        case Pace::replicate: inflight.free_to(index); break;
        case Pace::snapshot:
            if (match.next() >= first)
                to_replicate();
            break;
    }
}

bool Progress::refused(LogIndex refused, LogIndex agreed) {
    switch (pace) {
        case Pace::snapshot: return false;
        case Pace::replicate:
            if (refused <= match)
                return false;
            // Something in flight was lost: all of it goes again, one step at a time at first.
            to_probe(match.next());
            return true;
        case Pace::probe:
            if (refused != previous(next))
                return false;
            to_probe(std::min(refused, agreed.next()));
            return true;
    }
    return false;
}

}  // namespace cairn::raft
