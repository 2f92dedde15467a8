// The cluster's settings: names, defaults, what values they take. The catalogue owns one;
// set-config changes it for the whole cluster (CLI-026 to CLI-036).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/size.h"
#include "base/time.h"

namespace cairn::meta {

class Settings {
  public:
    // "300", "300s", "5min" for a time; 0 or 1 (also off, on) for a switch; digits for a number. An
    // unknown name is an error that lists the known ones.
    [[nodiscard]] Result<void> set(std::string_view name, std::string_view value);
    [[nodiscard]] Result<std::string> text(std::string_view name) const;
    // Every setting with its value, by name.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> all() const;

    [[nodiscard]] bool punch_hole() const { return punch_hole_ != 0; }
    [[nodiscard]] Duration offline_timeout() const { return {offline_timeout_}; }
    [[nodiscard]] uint32_t offline_cs_max() const { return static_cast<uint32_t>(offline_cs_); }
    [[nodiscard]] uint32_t offline_hosts_max() const {
        return static_cast<uint32_t>(offline_hosts_);
    }
    // Chunks that each chunk server verifies a minute.
    [[nodiscard]] uint32_t verify_chunks() const { return static_cast<uint32_t>(verify_chunks_); }
    // Of each chunk server, in bytes a second; 0: as much as clients leave.
    [[nodiscard]] uint64_t repair_rate() const { return static_cast<uint64_t>(repair_rate_) * mib; }
    [[nodiscard]] uint32_t fill_margin_percent() const {
        return static_cast<uint32_t>(fill_margin_);
    }
    [[nodiscard]] bool strict_failure_domain() const { return strict_failure_domain_ != 0; }
    [[nodiscard]] bool strict_tier() const { return strict_tier_ != 0; }

    bool operator==(const Settings&) const = default;

  private:
    struct Known;
    static const Known known[];
    [[nodiscard]] static const Known* find(std::string_view name);

    int64_t fill_margin_ = 5;
    int64_t offline_cs_ = 2;
    int64_t offline_hosts_ = 2;
    int64_t offline_timeout_ = seconds(300).nanoseconds;
    int64_t punch_hole_ = 0;
    int64_t strict_failure_domain_ = 1;
    int64_t strict_tier_ = 0;
    int64_t repair_rate_ = 0;
    int64_t verify_chunks_ = 2;
};

}  // namespace cairn::meta
