#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace cairn {

void check_failed(const char* condition, std::string_view note, std::source_location where) {
    std::fprintf(stderr, "%s:%u: %s: invariant broken: %s%s%.*s\n", where.file_name(), where.line(),
                 where.function_name(), condition, note.empty() ? "" : ": ",
                 static_cast<int>(note.size()), note.data());
    std::fflush(stderr);
    std::abort();
}

}  // namespace cairn
