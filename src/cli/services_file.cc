#include "cli/services_file.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace cairn::cli {

namespace {

constexpr size_t file_size_max = 1 << 20;

std::string path_of(const rpc::ClusterFiles& files, const std::string& cluster) {
    return files.cluster_directory(cluster) + "/services";
}

// Takes the first word off the front.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

// Blanks in a path are written as \x20, so that words stay apart.
std::string escaped(const std::string& path) {
    std::string text;
    for (const char c : path) {
        if (c == ' ' || c == '\\' || c == '\n')
            text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            text += c;
    }
    return text;
}

std::string unescaped(std::string_view text) {
    std::string path;
    while (!text.empty()) {
        unsigned value = 0;
        if (text.size() >= 4 && text.starts_with("\\x") &&
            std::from_chars(text.data() + 2, text.data() + 4, value, 16).ptr == text.data() + 4) {
            path += static_cast<char>(value);
            text.remove_prefix(4);
        } else {
            path += text[0];
            text.remove_prefix(1);
        }
    }
    return path;
}

bool parse_line(std::string_view line, Service& service) {
    const std::string_view kind = take_word(line);
    const std::string_view id = take_word(line);
    const std::string_view repository = take_word(line);
    const std::string_view address = take_word(line);
    if ((kind != "mds" && kind != "cs") || repository.empty() ||
        std::from_chars(id.data(), id.data() + id.size(), service.id).ec != std::errc())
        return false;
    service.kind = kind == "mds" ? ServiceKind::mds : ServiceKind::cs;
    service.repository = unescaped(repository);
    if (!address.empty()) {
        Result<Address> parsed = parse_address(address, 0);
        if (!parsed)
            return false;
        service.address = *parsed;
    }
    return true;
}

Task<Result<void>> save_services(Runtime& runtime, const rpc::ClusterFiles& files,
                                 std::string cluster, const std::vector<Service>& services) {
    const std::string text = services_text(services);
    const ByteView view = bytes_of(text);
    CO_TRY(co_await runtime.disk.make_directories(files.cluster_directory(cluster)));
    co_return co_await replace_file(runtime.disk, path_of(files, cluster),
                                    Bytes(view.begin(), view.end()));
}

}  // namespace

std::vector<Service> parse_services(const std::string& text) {
    std::vector<Service> services;
    std::string_view rest = text;
    while (!rest.empty()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        Service service;
        if (parse_line(rest.substr(0, end), service))
            services.push_back(std::move(service));
        rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return services;
}

std::string services_text(const std::vector<Service>& services) {
    std::string text;
    for (const Service& service : services) {
        text += fmt::format("{} {} {}", service.kind == ServiceKind::mds ? "mds" : "cs", service.id,
                            escaped(service.repository));
        if (!service.address.is_none())
            text += " " + to_string(service.address);
        text += "\n";
    }
    return text;
}

Task<Result<std::vector<Service>>> load_services(Runtime& runtime, const rpc::ClusterFiles& files,
                                                 std::string cluster) {
    const std::string path = path_of(files, cluster);
    Result<Bytes> content = co_await read_whole_file(runtime.disk, path, file_size_max);
    if (!content && content.code() == Code::not_found)
        co_return std::vector<Service>();
    if (!content)
        co_return content.error().with_context(path);
    co_return parse_services(std::string(text_of(*content)));
}

Task<Result<void>> add_service(Runtime& runtime, const rpc::ClusterFiles& files,
                               std::string cluster, Service service) {
    Result<std::vector<Service>> services = co_await load_services(runtime, files, cluster);
    if (!services)
        co_return services.error();
    std::erase_if(*services, [&service](const Service& known) {
        return known.repository == service.repository;
    });
    services->push_back(std::move(service));
    co_return co_await save_services(runtime, files, cluster, *services);
}

Task<Result<std::optional<Service>>> remove_service(Runtime& runtime,
                                                    const rpc::ClusterFiles& files,
                                                    std::string cluster, ServiceKind kind,
                                                    uint32_t id) {
    Result<std::vector<Service>> services = co_await load_services(runtime, files, cluster);
    if (!services)
        co_return services.error();
    const auto found = std::ranges::find_if(*services, [kind, id](const Service& service) {
        return service.kind == kind && service.id == id;
    });
    if (found == services->end())
        co_return std::optional<Service>();
    std::optional<Service> removed = std::move(*found);
    services->erase(found);
    CO_TRY(co_await save_services(runtime, files, cluster, *services));
    co_return removed;
}

}  // namespace cairn::cli
