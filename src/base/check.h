// CHECK guards what only this program can do wrong; it stays on in release builds. What the world
// may do (bad input, failing disks, lost peers) is a Result instead.
#pragma once

#include <source_location>
#include <string_view>

namespace cairn {

[[noreturn]] void check_failed(const char* condition, std::string_view note,
                               std::source_location where = std::source_location::current());

}  // namespace cairn

#define CHECK(condition)                           \
    do {                                           \
        if (!(condition)) [[unlikely]]             \
            ::cairn::check_failed(#condition, ""); \
    } while (false)

// `note` says what the broken invariant means to whoever reads the core dump.
#define CHECK_NOTE(condition, note)                  \
    do {                                             \
        if (!(condition)) [[unlikely]]               \
            ::cairn::check_failed(#condition, note); \
    } while (false)
