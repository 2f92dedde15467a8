// IdSet: an ordered set of 64-bit numbers for the chunks of one chunk server: at most 16 bytes a
// member, far less where members are close together. Words of 64 bits lie in blocks of bounded
// size, so that a change in the middle moves little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cairn::meta {

class IdSet {
  public:
    bool insert(uint64_t id);  // whether it was not there
    bool erase(uint64_t id);   // whether it was there
    [[nodiscard]] bool contains(uint64_t id) const;
    // The first member that is not below `from`.
    [[nodiscard]] std::optional<uint64_t> next(uint64_t from) const;
    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    bool operator==(const IdSet& other) const;

  private:
    struct Word {
        uint64_t number = 0;  // id / 64
        uint64_t bits = 0;    // never zero
    };
    using Block = std::vector<Word>;  // ascending, never empty
    [[nodiscard]] size_t block_for(uint64_t number) const;

    std::vector<Block> blocks_;
    size_t size_ = 0;
};

}  // namespace cairn::meta
