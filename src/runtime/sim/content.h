// Content: the bytes of one file, sparse, in pages that are shared between copies until one of them
// is written. A page may be reserved: it takes space and reads as zeros.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>

#include "base/bytes.h"
#include "base/size.h"
#include "runtime/disk.h"

namespace cairn::sim {

constexpr uint64_t page_size = block_size;
constexpr uint64_t sector_size = 512;

using Page = std::array<std::byte, page_size>;
using PageRef = std::shared_ptr<Page>;

class Content {
  public:
    [[nodiscard]] uint64_t size() const { return size_; }
    // Pages that take space.
    [[nodiscard]] uint64_t pages() const { return pages_.size(); }
    // How many pages of [offset, offset + length) do not take space yet.
    [[nodiscard]] uint64_t missing_pages(uint64_t offset, uint64_t length) const;

    // Where the run of stored or of unstored pages at `offset` ends; not beyond size().
    [[nodiscard]] FileExtent extent_at(uint64_t offset) const;
    // Zeros where nothing was written.
    void read(uint64_t offset, MutableByteView into) const;
    void write(uint64_t offset, ByteView bytes);
    void truncate(uint64_t size);
    // [offset, offset + length) reads as zeros; whole pages of it take no space.
    void punch(uint64_t offset, uint64_t length);
    // Takes the space; the size grows if the range ends behind it.
    void reserve(uint64_t offset, uint64_t length);

    [[nodiscard]] PageRef page(uint64_t index) const;
    // Bit i of `sectors` stands for sector i of the page.
    void put_sectors(uint64_t index, const PageRef& page, uint8_t sectors);
    void grow_to(uint64_t size) { size_ = std::max(size_, size); }

  private:
    // A page that nobody else sees.
    Page& own(uint64_t index, bool overwritten_whole);
    void zero(uint64_t offset, uint64_t length);

    uint64_t size_ = 0;
    std::map<uint64_t, PageRef> pages_;
};

// What write() and friends share: calls visit(page index, offset in page, length) for each page
// that the range touches.
template <class Visit>
void for_each_page(uint64_t offset, uint64_t length, Visit visit) {
    while (length > 0) {
        const uint64_t within = offset % page_size;
        const uint64_t part = std::min(page_size - within, length);
        visit(offset / page_size, within, part);
        offset += part;
        length -= part;
    }
}

}  // namespace cairn::sim
