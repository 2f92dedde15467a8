// SparseTable: values under dense 64-bit keys, in key order, with about a byte of overhead each. A
// page covers 64 consecutive keys: a bitmap says which are there, the values lie packed. Chunks,
// nodes and the chunk lists of files are such tables: their keys are counters, so that new keys
// come at the end. A reference is valid until the next insertion or erasure.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"

namespace cairn::meta {

template <class Value>
class SparseTable {
  public:
    [[nodiscard]] const Value* find(uint64_t key) const {
        const Page* page = page_of(key);
        if (page == nullptr || (page->present >> (key & 63) & 1) == 0)
            return nullptr;
        return &page->values[page->place(key)];
    }
    [[nodiscard]] Value* find(uint64_t key) {
        return const_cast<Value*>(std::as_const(*this).find(key));
    }
    [[nodiscard]] bool contains(uint64_t key) const { return find(key) != nullptr; }

    Value& insert(uint64_t key, Value value) {
        Page& page = page_made_for(key);
        CHECK_NOTE((page.present >> (key & 63) & 1) == 0, "a key is inserted twice");
        std::vector<Value>& values = page.values;
        if (values.size() == values.capacity())
            values.reserve(std::min<size_t>(64, std::max<size_t>(1, values.size() * 2)));
        const size_t place = page.place(key);
        values.insert(values.begin() + static_cast<std::ptrdiff_t>(place), std::move(value));
        page.present |= uint64_t{1} << (key & 63);
        size_++;
        return values[place];
    }

    bool erase(uint64_t key) {
        auto* page = const_cast<Page*>(page_of(key));
        if (page == nullptr || (page->present >> (key & 63) & 1) == 0)
            return false;
        std::vector<Value>& values = page->values;
        values.erase(values.begin() + static_cast<std::ptrdiff_t>(page->place(key)));
        page->present &= ~(uint64_t{1} << (key & 63));
        if (values.size() * 2 <= values.capacity())
            values.shrink_to_fit();
        size_--;
        if (page->present == 0)
            empty_pages_++;
        // Removing every empty page at once would make emptying a large table quadratic.
        if (empty_pages_ > 16 && empty_pages_ * 2 > pages_.size())
            drop_empty_pages();
        return true;
    }

    struct Entry {
        uint64_t key = 0;
        const Value* value = nullptr;  // null: there is none
    };
    // The first entry whose key is not below `from`.
    [[nodiscard]] Entry next(uint64_t from) const {
        auto page = first_page_from(from / 64);
        for (; page != pages_.end(); ++page) {
            uint64_t candidates = page->present;
            if (page->number == from / 64)
                candidates &= ~uint64_t{0} << (from & 63);
            if (candidates == 0)
                continue;
            const uint64_t key =
                page->number * 64 + static_cast<uint64_t>(std::countr_zero(candidates));
            return {key, &page->values[page->place(key)]};
        }
        return {};
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Page& page : pages_) {
            uint64_t left = page.present;
            for (const Value& value : page.values) {
                visit(page.number * 64 + static_cast<uint64_t>(std::countr_zero(left)), value);
                left &= left - 1;
            }
        }
    }

    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

  private:
    struct Page {
        uint64_t number = 0;
        uint64_t present = 0;
        std::vector<Value> values;

        [[nodiscard]] size_t place(uint64_t key) const {
            const uint64_t below = present & ((uint64_t{1} << (key & 63)) - 1);
            return static_cast<size_t>(std::popcount(below));
        }
    };

    [[nodiscard]] auto first_page_from(uint64_t number) const {
        return std::lower_bound(pages_.begin(), pages_.end(), number,
                                [](const Page& page, uint64_t n) { return page.number < n; });
    }
    [[nodiscard]] const Page* page_of(uint64_t key) const {
        const auto page = first_page_from(key / 64);
        return page != pages_.end() && page->number == key / 64 ? &*page : nullptr;
    }
    Page& page_made_for(uint64_t key) {
        const auto found = first_page_from(key / 64);
        const auto at = pages_.begin() + (found - pages_.cbegin());
        if (at != pages_.end() && at->number == key / 64) {
            if (at->present == 0)
                empty_pages_--;
            return *at;
        }
        return *pages_.insert(at, Page{key / 64, 0, {}});
    }
    void drop_empty_pages() {
        std::erase_if(pages_, [](const Page& page) { return page.present == 0; });
        empty_pages_ = 0;
    }

    std::vector<Page> pages_;  // ascending by number
    size_t size_ = 0;
    size_t empty_pages_ = 0;
};

}  // namespace cairn::meta
