#include "meta/node/repository_files.h"

#include <charconv>
#include <fmt/core.h>

namespace cairn::meta {

namespace {

// Takes "SEPARATOR digits" off the front.
std::optional<uint64_t> take_number(std::string_view& text) {
    if (!text.starts_with('.'))
        return std::nullopt;
    text.remove_prefix(1);
    uint64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr == text.data())
        return std::nullopt;
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    return number;
}

}  // namespace

std::string log_file_name(uint64_t number) { return fmt::format("log.{:010}", number); }

std::optional<uint64_t> parse_log_file_name(std::string_view name) {
    if (!name.starts_with("log"))
        return std::nullopt;
    name.remove_prefix(3);
    const auto number = take_number(name);
    return name.empty() ? number : std::nullopt;
}

std::string snapshot_file_name(std::string_view prefix, raft::Position position) {
    return fmt::format("{}.{}.{}", prefix, position.index.number, position.term.number);
}

std::optional<raft::Position> parse_snapshot_file_name(std::string_view prefix,
                                                       std::string_view name) {
    if (!name.starts_with(prefix))
        return std::nullopt;
    name.remove_prefix(prefix.size());
    const auto index = take_number(name);
    const auto term = take_number(name);
    if (!index || !term || !name.empty())
        return std::nullopt;
    return raft::Position{LogIndex(*index), Term(*term)};
}

}  // namespace cairn::meta
