#include "rpc/cluster_files.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/size.h"
#include "wire/hello.h"

namespace cairn::rpc {

namespace {

constexpr size_t small_file = 64 * kib;

std::vector<std::string> lines_of(ByteView content) {
    std::vector<std::string> lines;
    std::string_view rest = text_of(content);
    while (!rest.empty()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        std::string line(rest.substr(0, end));
        std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
        if (!line.empty() && line[0] != '#')
            lines.push_back(line);
        rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return lines;
}

Bytes bytes_from(const std::string& text) {
    const ByteView view = bytes_of(text);
    return {view.begin(), view.end()};
}

}  // namespace

Result<void> check_cluster_name(const std::string& name) {
    const bool good = !name.empty() && name.size() <= cluster_name_max &&
                      std::all_of(name.begin(), name.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '-' || c == '_';
                      });
    if (!good)
        return Error(
            Code::invalid_argument,
            fmt::format("'{}' is not a cluster name: use letters, digits, '-' and '_', at most {}",
                        name, cluster_name_max));
    return {};
}

std::string ClusterFiles::cluster_directory(const std::string& name) const {
    return fmt::format("{}/etc/vstorage/clusters/{}", root_, name);
}

Task<Result<std::vector<Address>>> ClusterFiles::load_servers(std::string name) {
    const std::string path = cluster_directory(name) + "/bs.list";
    std::vector<Address> servers;
    Result<Bytes> content = co_await read_whole_file(runtime_.disk, path, small_file);
    if (!content && content.code() == Code::not_found)
        co_return servers;
    if (!content)
        co_return content.error().with_context(path);
    for (const std::string& line : lines_of(*content)) {
        Result<Address> address = parse_address(line, default_mds_port);
        if (!address)
            co_return address.error().with_context(path);
        servers.push_back(*address);
    }
    co_return servers;
}

Task<Result<ClusterAccess>> ClusterFiles::load(std::string name) {
    CO_TRY(check_cluster_name(name));
    const std::string path = cluster_directory(name) + "/auth_digest.key";
    Result<Bytes> content = co_await read_whole_file(runtime_.disk, path, key_file_size_max);
    if (!content && content.code() == Code::not_found)
        co_return Error(
            Code::not_found,
            fmt::format("this host is not authenticated in cluster '{}' ({} is not there): run "
                        "'vstorage -c {} auth-node -b IP' with the address of a metadata server",
                        name, path, name));
    if (!content)
        co_return content.error().with_context(path);
    Result<KeyFile> key = decode_key_file(*content);
    if (!key)
        co_return key.error().with_context(path);
    Result<std::vector<Address>> servers = co_await load_servers(name);
    if (!servers)
        co_return servers.error();
    if (servers->empty())
        co_return Error(
            Code::not_found,
            fmt::format("no metadata server of cluster '{}' is known here: put one, IP:PORT, into "
                        "{}/bs.list",
                        name, cluster_directory(name)));
    co_return ClusterAccess{name, *key, std::move(*servers)};
}

Task<Result<void>> ClusterFiles::save_key(std::string name, KeyFile key) {
    CO_TRY(check_cluster_name(name));
    const std::string directory = cluster_directory(name);
    CO_TRY(co_await runtime_.disk.make_directories(directory));
    co_return co_await replace_file(runtime_.disk, directory + "/auth_digest.key",
                                    encode_key_file(key), 0600);
}

Task<Result<void>> ClusterFiles::save_servers(std::string name, std::vector<Address> servers) {
    CO_TRY(check_cluster_name(name));
    const std::string directory = cluster_directory(name);
    CO_TRY(co_await runtime_.disk.make_directories(directory));
    std::string text;
    for (const Address& address : servers)
        text += to_string(address) + "\n";
    co_return co_await replace_file(runtime_.disk, directory + "/bs.list", bytes_from(text));
}

Task<Result<std::vector<std::string>>> ClusterFiles::list() {
    std::vector<std::string> names;
    auto entries = co_await runtime_.disk.list(root_ + "/etc/vstorage/clusters");
    if (!entries && entries.code() == Code::not_found)
        co_return names;
    if (!entries)
        co_return entries.error();
    for (const DirectoryEntry& entry : *entries) {
        if (entry.is_directory)
            names.push_back(entry.name);
    }
    co_return names;
}

Task<Result<HostId>> ClusterFiles::host_id() {
    const std::string path = root_ + "/etc/vstorage/host_id";
    Result<Bytes> content = co_await read_whole_file(runtime_.disk, path, small_file);
    if (content) {
        const std::vector<std::string> lines = lines_of(*content);
        Result<HostId> host = parse_host_id(lines.empty() ? std::string() : lines[0]);
        if (!host)
            co_return host.error().with_context(path);
        co_return *host;
    }
    if (content.code() != Code::not_found)
        co_return content.error().with_context(path);
    const HostId host(runtime_.random.next() | 1);
    CO_TRY(co_await runtime_.disk.make_directories(root_ + "/etc/vstorage"));
    CO_TRY(co_await replace_file(runtime_.disk, path, bytes_from(to_string(host) + "\n")));
    co_return host;
}

}  // namespace cairn::rpc
