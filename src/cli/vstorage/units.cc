#include "cli/vstorage/units.h"

#include <fmt/core.h>

namespace cairn::cli {

namespace {

constexpr const char* units_directory = "/etc/systemd/system";

std::string_view daemon_of(const Service& service) {
    return service.kind == ServiceKind::mds ? "mdsd" : "csd";
}

// Quoted for a command line of systemd: "%" begins its specifiers, "$" its variables.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            result += '\\';
        if (c == '%' || c == '$')
            result += c;
        result += c;
    }
    return result + "\"";
}

// A description is not a command line: only specifiers mean something there.
std::string described(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '%')
            result += c;
        result += c;
    }
    return result;
}

// The target is told of the unit by a drop-in, so that starting or enabling the target is all it
// takes.
std::string drop_in_directory(const Service& service) {
    return fmt::format("{}/vstorage-{}.target.d", units_directory, daemon_of(service));
}

Task<Result<void>> remove_if_there(Disk& disk, std::string path) {
    Result<void> removed = co_await disk.remove(path);
    if (!removed && removed.code() != Code::not_found)
        co_return removed.error().with_context(path);
    co_return Result<void>();
}

}  // namespace

std::string unit_name(const std::string& cluster, const Service& service) {
    return fmt::format("vstorage-{}.{}.{}.service", daemon_of(service), cluster, service.id);
}

std::string unit_text(const std::string& cluster, const Service& service) {
    const std::string_view daemon = daemon_of(service);
    return fmt::format(
        "[Unit]\n"
        "Description=vstorage-{daemon}({description})\n"
        "PartOf=vstorage-{daemon}.target\n"
        "After=network-online.target\n"
        "Wants=network-online.target\n"
        "RequiresMountsFor={mounts}\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        "ExecStart=/usr/bin/{daemon} -c {cluster} -r {repository}\n"
        "Restart=on-failure\n"
        "RestartPreventExitStatus=78\n"
        "RestartSec=2\n"
        "TimeoutStartSec=infinity\n"
        "TimeoutStopSec=90\n"
        "LimitNOFILE=65536\n"
        "LimitMEMLOCK=infinity\n",
        fmt::arg("daemon", daemon), fmt::arg("description", described(service.repository)),
        fmt::arg("mounts", quoted(service.repository)), fmt::arg("cluster", cluster),
        fmt::arg("repository", quoted(service.repository)));
}

Task<Result<void>> install_unit(CommandContext context, std::string cluster, Service service) {
    if (!context.root.empty())
        co_return Result<void>();
    Disk& disk = context.runtime.disk;
    const std::string text = unit_text(cluster, service);
    const std::string name = unit_name(cluster, service);
    const ByteView view = bytes_of(text);
    const Bytes content(view.begin(), view.end());
    CO_TRY(co_await disk.make_directories(units_directory));
    CO_TRY(co_await replace_file(disk, fmt::format("{}/{}", units_directory, name), content));
    const std::string drop_ins = drop_in_directory(service);
    const std::string drop_in = fmt::format("[Unit]\nWants={}\n", name);
    const ByteView drop_in_view = bytes_of(drop_in);
    CO_TRY(co_await disk.make_directories(drop_ins));
    co_return co_await replace_file(disk, fmt::format("{}/{}.conf", drop_ins, name),
                                    Bytes(drop_in_view.begin(), drop_in_view.end()));
}

Task<Result<void>> remove_unit(CommandContext context, std::string cluster, Service service) {
    if (!context.root.empty())
        co_return Result<void>();
    Disk& disk = context.runtime.disk;
    const std::string name = unit_name(cluster, service);
    CO_TRY(co_await remove_if_there(disk,
                                    fmt::format("{}/{}.conf", drop_in_directory(service), name)));
    co_return co_await remove_if_there(disk, fmt::format("{}/{}", units_directory, name));
}

Task<Result<std::optional<Service>>> forget_service(ClusterConnection& cluster, ServiceKind kind,
                                                    uint32_t id) {
    Runtime& runtime = cluster.context().runtime;
    rpc::ClusterFiles files(runtime, cluster.context().root);
    const std::string name = cluster.access().name;
    auto service = co_await remove_service(runtime, files, name, kind, id);
    if (service && *service)
        CO_TRY(co_await remove_unit(cluster.context(), name, **service));
    co_return service;
}

}  // namespace cairn::cli
