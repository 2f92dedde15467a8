#include "runtime/sim/content.h"

#include <algorithm>
#include <cstring>

namespace cairn::sim {

uint64_t Content::missing_pages(uint64_t offset, uint64_t length) const {
    if (length == 0)
        return 0;
    const uint64_t first = offset / page_size;
    const uint64_t last = (offset + length - 1) / page_size;
    uint64_t present = 0;
    for (auto at = pages_.lower_bound(first); at != pages_.end() && at->first <= last; ++at)
        present++;
    return last - first + 1 - present;
}

FileExtent Content::extent_at(uint64_t offset) const {
    uint64_t index = offset / page_size;
    auto at = pages_.lower_bound(index);
    const bool stored = at != pages_.end() && at->first == index && at->second != nullptr;
    if (stored) {
        while (at != pages_.end() && at->first == index && at->second != nullptr) {
            ++at;
            index++;
        }
        return {std::min(index * page_size, size_), false};
    }
    // A reserved page reads as zeros: it is no data.
    while (at != pages_.end() && at->second == nullptr)
        ++at;
    return {at == pages_.end() ? size_ : std::min(at->first * page_size, size_), true};
}

void Content::read(uint64_t offset, MutableByteView into) const {
    size_t done = 0;
    for_each_page(offset, into.size(), [&](uint64_t index, uint64_t within, uint64_t part) {
        const auto found = pages_.find(index);
        if (found == pages_.end() || found->second == nullptr)
            std::memset(into.data() + done, 0, part);
        else
            std::memcpy(into.data() + done, found->second->data() + within, part);
        done += part;
    });
}

Page& Content::own(uint64_t index, bool overwritten_whole) {
    PageRef& page = pages_[index];
    if (overwritten_whole && (page == nullptr || page.use_count() > 1))
        page = std::make_shared_for_overwrite<Page>();
    else if (page == nullptr)
        page = std::make_shared<Page>();
    else if (page.use_count() > 1)
        page = std::make_shared<Page>(*page);
    return *page;
}

void Content::write(uint64_t offset, ByteView bytes) {
    size_t done = 0;
    for_each_page(offset, bytes.size(), [&](uint64_t index, uint64_t within, uint64_t part) {
        Page& page = own(index, part == page_size);
        std::memcpy(page.data() + within, bytes.data() + done, part);
        done += part;
    });
    grow_to(offset + bytes.size());
}

void Content::zero(uint64_t offset, uint64_t length) {
    for_each_page(offset, length, [&](uint64_t index, uint64_t within, uint64_t part) {
        const auto found = pages_.find(index);
        if (found != pages_.end() && found->second != nullptr)
            std::memset(own(index, false).data() + within, 0, part);
    });
}

void Content::truncate(uint64_t size) {
    if (size < size_) {
        const uint64_t kept = align_up(size, page_size);
        zero(size, kept - size);
        pages_.erase(pages_.lower_bound(kept / page_size), pages_.end());
    }
    size_ = size;
}

void Content::punch(uint64_t offset, uint64_t length) {
    const uint64_t end = offset + length;
    const uint64_t first = align_up(offset, page_size);
    const uint64_t last = align_down(end, page_size);
    if (first >= last) {
        zero(offset, length);
        return;
    }
    zero(offset, first - offset);
    zero(last, end - last);
    pages_.erase(pages_.lower_bound(first / page_size), pages_.lower_bound(last / page_size));
}

void Content::reserve(uint64_t offset, uint64_t length) {
    for_each_page(offset, length,
                  [&](uint64_t index, uint64_t, uint64_t) { pages_.try_emplace(index, nullptr); });
    grow_to(offset + length);
}

PageRef Content::page(uint64_t index) const {
    const auto found = pages_.find(index);
    return found == pages_.end() ? nullptr : found->second;
}

void Content::put_sectors(uint64_t index, const PageRef& page, uint8_t sectors) {
    if (sectors == 0)
        return;
    if (sectors == 0xFF) {
        pages_[index] = page;
        return;
    }
    Page& into = own(index, false);
    for (uint64_t sector = 0; sector < page_size / sector_size; sector++) {
        if ((sectors >> sector & 1) != 0)
            std::memcpy(into.data() + sector * sector_size, page->data() + sector * sector_size,
                        sector_size);
    }
}

}  // namespace cairn::sim
