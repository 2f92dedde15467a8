#include "meta/catalogue/id_set.h"

#include <algorithm>
#include <bit>

namespace cairn::meta {

namespace {

constexpr size_t block_words_max = 512;

}  // namespace

// The last block that does not begin beyond `number`; the first one if all do.
size_t IdSet::block_for(uint64_t number) const {
    const auto beyond =
        std::upper_bound(blocks_.begin(), blocks_.end(), number,
                         [](uint64_t n, const Block& block) { return n < block.front().number; });
    return beyond == blocks_.begin() ? 0 : static_cast<size_t>(beyond - blocks_.begin()) - 1;
}

bool IdSet::insert(uint64_t id) {
    const uint64_t number = id / 64;
    const uint64_t bit = uint64_t{1} << (id & 63);
    if (blocks_.empty()) {
        blocks_.push_back(Block{{number, bit}});
        size_ = 1;
        return true;
    }
    const size_t index = block_for(number);
    Block& block = blocks_[index];
    const auto at = std::lower_bound(block.begin(), block.end(), number,
                                     [](const Word& word, uint64_t n) { return word.number < n; });
    if (at != block.end() && at->number == number) {
        if ((at->bits & bit) != 0)
            return false;
        at->bits |= bit;
        size_++;
        return true;
    }
    size_++;
    if (block.size() < block_words_max) {
        block.insert(at, Word{number, bit});
        return true;
    }
    // Ids mostly come in ascending order: a new block at the end leaves the former one full.
    if (at == block.end()) {
        blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(index) + 1, Block{{number, bit}});
        return true;
    }
    block.insert(at, Word{number, bit});
    Block upper(block.begin() + block_words_max / 2, block.end());
    block.resize(block_words_max / 2);
    block.shrink_to_fit();
    blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(index) + 1, std::move(upper));
    return true;
}

bool IdSet::erase(uint64_t id) {
    const uint64_t number = id / 64;
    const uint64_t bit = uint64_t{1} << (id & 63);
    if (blocks_.empty())
        return false;
    const size_t index = block_for(number);
    Block& block = blocks_[index];
    const auto at = std::lower_bound(block.begin(), block.end(), number,
                                     [](const Word& word, uint64_t n) { return word.number < n; });
    if (at == block.end() || at->number != number || (at->bits & bit) == 0)
        return false;
    at->bits &= ~bit;
    size_--;
    if (at->bits != 0)
        return true;
    block.erase(at);
    if (block.empty())
        blocks_.erase(blocks_.begin() + static_cast<ptrdiff_t>(index));
    else if (block.size() * 4 < block.capacity())
        block.shrink_to_fit();
    return true;
}

bool IdSet::contains(uint64_t id) const {
    const auto found = next(id);
    return found && *found == id;
}

std::optional<uint64_t> IdSet::next(uint64_t from) const {
    const uint64_t number = from / 64;
    for (size_t index = block_for(number); index < blocks_.size(); index++) {
        const Block& block = blocks_[index];
        auto at = std::lower_bound(block.begin(), block.end(), number,
                                   [](const Word& word, uint64_t n) { return word.number < n; });
        for (; at != block.end(); ++at) {
            uint64_t bits = at->bits;
            if (at->number == number)
                bits &= ~uint64_t{0} << (from & 63);
            if (bits != 0)
                return at->number * 64 + static_cast<uint64_t>(std::countr_zero(bits));
        }
    }
    return std::nullopt;
}

bool IdSet::operator==(const IdSet& other) const {
    if (size_ != other.size_)
        return false;
    for (auto id = next(0); id; id = *id == UINT64_MAX ? std::nullopt : next(*id + 1))
        if (!other.contains(*id))
            return false;
    return true;
}

}  // namespace cairn::meta
