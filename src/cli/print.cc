#include "cli/print.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace cairn::cli {

void print_warning(const std::string& text) {
    fmt::print(stderr, "warning: {}\n", text);
}

void print_json(const nlohmann::json& value) {
    // Names of files may be any bytes; what is not UTF-8 is shown replaced.
    fmt::print("{}\n", value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_table(const std::vector<std::string>& names,
                 const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::vector<std::string>> lines;
    std::vector<std::string> head;
    std::vector<bool> right;
    for (const std::string& name : names) {
        right.push_back(name.starts_with('>'));
        head.push_back(right.back() ? name.substr(1) : name);
    }
    lines.push_back(head);
    lines.insert(lines.end(), rows.begin(), rows.end());
    std::vector<size_t> widths(names.size());
    for (const auto& line : lines) {
        for (size_t i = 0; i < line.size(); i++)
            widths[i] = std::max(widths[i], line[i].size());
    }
    for (const auto& line : lines) {
        std::string text;
        for (size_t i = 0; i < line.size(); i++) {
            const std::string gap = i == 0 ? "" : " ";
            text += right[i] ? fmt::format("{}{:>{}}", gap, line[i], widths[i])
                             : fmt::format("{}{:<{}}", gap, line[i], widths[i]);
        }
        text.erase(text.find_last_not_of(' ') + 1);
        fmt::print("{}\n", text);
    }
}

}  // namespace cairn::cli
