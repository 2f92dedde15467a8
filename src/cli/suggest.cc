#include "cli/suggest.h"

#include <algorithm>

namespace cairn::cli {

namespace {

// Letters to add, drop or replace on the way from one to the other.
size_t slips_between(std::string_view one, std::string_view other) {
    std::vector<size_t> row(other.size() + 1);
    for (size_t i = 0; i < row.size(); i++)
        row[i] = i;
    for (size_t i = 1; i <= one.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= other.size(); j++) {
            const size_t replaced = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
    std::string found;
    // A third of a short word is as much as can be called a slip.
    size_t slips_most = std::min<size_t>(2, word.size() / 3);
    for (const std::string& candidate : candidates) {
        const size_t slips = slips_between(word, candidate);
        if (slips > slips_most || (!found.empty() && slips == slips_most))
            continue;
        found = candidate;
        slips_most = slips;
    }
    return found;
}

}  // namespace cairn::cli
