#include "cli/vstorage/storage_path.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <optional>

#include "cli/cluster_connection.h"

namespace cairn::cli {

namespace {

constexpr std::string_view mount_folder = "/vstorage/";
constexpr uint32_t replicas_max = 15;
constexpr uint32_t tier_max = 3;

std::optional<uint8_t> parse_number(std::string_view text, uint32_t least, uint32_t most) {
    uint32_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value < least || value > most)
        return std::nullopt;
    return static_cast<uint8_t>(value);
}

Result<void> parse_replicas(std::string_view value, SetAttributesRequest& request) {
    const size_t colon = value.find(':');
    request.replicas_norm = parse_number(value.substr(0, colon), 1, replicas_max);
    // The minimum that follows from the norm where it is not given.
    if (request.replicas_norm && colon == std::string_view::npos)
        request.replicas_min =
            static_cast<uint8_t>(*request.replicas_norm >= 3 ? *request.replicas_norm / 2 + 1 : 1);
    if (request.replicas_norm && colon != std::string_view::npos)
        request.replicas_min = parse_number(value.substr(colon + 1), 1, *request.replicas_norm);
    if (!request.replicas_norm || !request.replicas_min)
        return Error(
            Code::invalid_argument,
            fmt::format("replicas={}: it takes NORM or NORM:MIN, 1 to {}, MIN at most NORM", value,
                        replicas_max));
    return {};
}

}  // namespace

Task<Result<StoragePath>> resolve_path(CommandContext context, std::string path, bool inside) {
    if (inside) {
        Result<std::string> name = co_await cluster_name(context);
        if (!name)
            co_return name.error();
        if (!path.starts_with('/'))
            co_return Error(Code::invalid_argument,
                            fmt::format("{}: a path inside the cluster begins with '/'", path));
        co_return StoragePath{*name, path};
    }
    rpc::ClusterFiles files(context.runtime, context.root);
    Result<std::vector<std::string>> known = co_await files.list();
    if (!known)
        co_return known.error();
    const std::string whole = absolute_path(context, path);
    if (whole.starts_with(mount_folder)) {
        const std::string rest = whole.substr(mount_folder.size());
        const std::string name = rest.substr(0, rest.find('/'));
        const bool is_meant = context.cluster.empty() || context.cluster == name;
        if (is_meant && std::find(known->begin(), known->end(), name) != known->end())
            co_return StoragePath{name, "/" + rest.substr(std::min(rest.size(), name.size() + 1))};
    }
    co_return Error(
        Code::not_found,
        fmt::format("{} is not a path of a cluster known here: use /vstorage/CLUSTER/..."
                    ", or -p with a path inside the cluster",
                    path));
}

Result<void> parse_attribute(const std::string& text, SetAttributesRequest& request) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (name == "replicas")
        return parse_replicas(value, request);
    if (name == "encoding")
        return Error(
            Code::not_supported,
            "encoding, that is erasure coding, is not supported yet: use replicas=NORM:MIN");
    if (name == "failure-domain" || name == "failure_domain") {
        if (value != "disk" && value != "host")
            return Error(Code::invalid_argument,
                         fmt::format("{}={}: it takes disk or host", name, value));
        request.failure_domain = value == "disk" ? FailureDomain::disk : FailureDomain::host;
        return {};
    }
    if (name == "tier") {
        request.tier = parse_number(value, 0, tier_max);
        if (!request.tier)
            return Error(Code::invalid_argument,
                         fmt::format("tier={}: it takes 0 to {}", value, tier_max));
        return {};
    }
    return Error(
        Code::invalid_argument,
        fmt::format("unknown attribute '{}'; known are replicas, failure-domain, tier", name));
}

}  // namespace cairn::cli
