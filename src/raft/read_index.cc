#include "raft/read_index.h"

namespace cairn::raft {

void ReadQueue::begin_round(uint64_t round) {
    for (auto read = waiting_.rbegin(); read != waiting_.rend() && read->round == 0; ++read)
        read->round = round;
}

std::vector<ReadState> ReadQueue::confirm(uint64_t round) {
    std::vector<ReadState> confirmed;
    while (!waiting_.empty() && waiting_.front().round != 0 && waiting_.front().round <= round) {
        confirmed.push_back(waiting_.front().read);
        waiting_.pop_front();
    }
    return confirmed;
}

std::vector<uint64_t> ReadQueue::refuse_all() {
    std::vector<uint64_t> contexts;
    contexts.reserve(waiting_.size());
    for (const Waiting& read : waiting_)
        contexts.push_back(read.read.context);
    waiting_.clear();
    return contexts;
}

}  // namespace cairn::raft
