#include "meta/catalogue/settings.h"

#include <charconv>
#include <fmt/core.h>
#include <optional>

namespace cairn::meta {

namespace {

enum class ValueForm : uint8_t { toggle, number, duration };

std::optional<int64_t> parse_number(std::string_view text) {
    int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::optional<int64_t> parse_value(ValueForm form, std::string_view text) {
    switch (form) {
        case ValueForm::toggle:
            if (text == "1" || text == "on")
                return 1;
            if (text == "0" || text == "off")
                return 0;
            return std::nullopt;
        case ValueForm::number: return parse_number(text);
        case ValueForm::duration: {
            const Result<Duration> duration = parse_duration(text);
            if (!duration)
                return std::nullopt;
            return duration->nanoseconds;
        }
    }
    return std::nullopt;
}

std::string value_text(ValueForm form, int64_t value) {
    if (form != ValueForm::duration)
        return fmt::format("{}", value);
    const int64_t second = seconds(1).nanoseconds;
    if (value % (60 * second) == 0 && value != 0)
        return fmt::format("{}min", value / (60 * second));
    if (value % second == 0)
        return fmt::format("{}s", value / second);
    return fmt::format("{}ms", value / milliseconds(1).nanoseconds);
}

}  // namespace

struct Settings::Known {
    std::string_view name;
    int64_t Settings::* value;
    ValueForm form;
    int64_t least;
    int64_t most;
    std::string_view takes;
};

// In order of name, as get-config lists them.
const Settings::Known Settings::known[] = {
    {"gen.do_punch_hole", &Settings::punch_hole_, ValueForm::toggle, 0, 1, "0 or 1"},
    {"mds.alloc.fill_margin", &Settings::fill_margin_, ValueForm::number, 0, 50,
     "a percentage from 0 to 50"},
    {"mds.alloc.strict_failure_domain", &Settings::strict_failure_domain_, ValueForm::toggle, 0, 1,
     "0 or 1"},
    {"mds.alloc.strict_tier", &Settings::strict_tier_, ValueForm::toggle, 0, 1, "0 or 1"},
    {"mds.wd.max_offline_cs", &Settings::offline_cs_, ValueForm::number, 0, 1'000'000,
     "a number of chunk servers, 0 for no limit"},
    {"mds.wd.max_offline_cs_hosts", &Settings::offline_hosts_, ValueForm::number, 0, 1'000'000,
     "a number of hosts, 0 for no limit"},
    {"mds.wd.offline_tout", &Settings::offline_timeout_, ValueForm::duration,
     seconds(1).nanoseconds, seconds(365LL * 86400).nanoseconds,
     "a time of at least a second, as 300, 300s or 5min"},
    {"mds.wd.repair_rate", &Settings::repair_rate_, ValueForm::number, 0, 1'000'000,
     "MiB a second that each chunk server copies for repair at most, 0 for what clients leave"},
    {"mds.wd.verify_chunks", &Settings::verify_chunks_, ValueForm::number, 0, 100'000,
     "a number of chunks a minute"},
};

const Settings::Known* Settings::find(std::string_view name) {
    for (const Known& candidate : known)
        if (candidate.name == name)
            return &candidate;
    return nullptr;
}

Result<void> Settings::set(std::string_view name, std::string_view value) {
    const Known* setting = find(name);
    if (setting == nullptr) {
        std::string names;
        for (const Known& candidate : known)
            names += fmt::format("{}{}", names.empty() ? "" : ", ", candidate.name);
        return Error(Code::not_found,
                     fmt::format("unknown parameter '{}'; known are {}", name, names));
    }
    const std::optional<int64_t> parsed = parse_value(setting->form, value);
    if (!parsed || *parsed < setting->least || *parsed > setting->most)
        return Error(Code::invalid_argument,
                     fmt::format("{}={}: it takes {}", name, value, setting->takes));
    this->*setting->value = *parsed;
    return {};
}

Result<std::string> Settings::text(std::string_view name) const {
    const Known* setting = find(name);
    if (setting == nullptr)
        return Error(Code::not_found, fmt::format("unknown parameter '{}'", name));
    return value_text(setting->form, this->*setting->value);
}

std::vector<std::pair<std::string, std::string>> Settings::all() const {
    std::vector<std::pair<std::string, std::string>> listed;
    for (const Known& setting : known)
        listed.emplace_back(setting.name, value_text(setting.form, this->*setting.value));
    return listed;
}

}  // namespace cairn::meta
