#include "chunk/repair_turns.h"

#include <algorithm>

namespace cairn::chunk {

void RepairTurns::set_limit(uint64_t bytes_per_second) {
    if (pace_.set_limit(bytes_per_second, loop_.now()))
        changed_.notify_all();
}

Task<bool> RepairTurns::wait(uint64_t bytes, Instant deadline) {
    const uint64_t ticket = next_ticket_++;
    queue_.insert(ticket);
    bool came = false;
    while (true) {
        const bool first = *queue_.begin() == ticket;
        const Instant turn = first ? pace_.turn(counters_.clients(), loop_.now()) : deadline;
        came = first && turn <= loop_.now();
        if (came || loop_.now() >= deadline)
            break;
        co_await changed_.wait_until(std::min(turn, deadline));
    }
    if (came)
        pace_.take(bytes, loop_.now());
    queue_.erase(ticket);
    changed_.notify_all();
    co_return came;
}

}  // namespace cairn::chunk
