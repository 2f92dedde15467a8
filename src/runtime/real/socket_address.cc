#include "runtime/real/socket_address.h"

#include <arpa/inet.h>
#include <cstddef>
#include <cstring>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace cairn::real {

namespace {

// Views of sockaddr_storage go through memcpy: it is the one way that aliasing rules allow.
template <class Specific>
void store(sockaddr_storage& storage, const Specific& specific) {
    std::memcpy(&storage, &specific, sizeof specific);
}

template <class Specific>
Specific load(const sockaddr_storage& storage) {
    Specific specific;
    std::memcpy(&specific, &storage, sizeof specific);
    return specific;
}

}  // namespace

Result<SocketAddress> SocketAddress::of(const Address& address) {
    SocketAddress result;
    if (address.is_unix()) {
        sockaddr_un path{};
        path.sun_family = AF_UNIX;
        if (address.host.size() >= sizeof path.sun_path)
            return Error(Code::invalid_argument,
                         fmt::format("{}: the path of a socket has at most {} characters",
                                     address.host, sizeof path.sun_path - 1));
        std::memcpy(path.sun_path, address.host.data(), address.host.size());
        store(result.storage_, path);
        result.size_ = sizeof path;
        return result;
    }
    sockaddr_in four{};
    if (::inet_pton(AF_INET, address.host.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(address.port);
        store(result.storage_, four);
        result.size_ = sizeof four;
        return result;
    }
    sockaddr_in6 six{};
    if (::inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(address.port);
        store(result.storage_, six);
        result.size_ = sizeof six;
        return result;
    }
    return Error(Code::invalid_argument, fmt::format("'{}' is not an IP address", address.host));
}

Result<SocketAddress> SocketAddress::of_abstract(std::string_view name) {
    SocketAddress result;
    sockaddr_un unix{};
    unix.sun_family = AF_UNIX;
    if (name.size() >= sizeof unix.sun_path)
        return Error(Code::invalid_argument, fmt::format("{}: too long for a socket", name));
    // A zero in front tells it from a path.
    std::memcpy(unix.sun_path + 1, name.data(), name.size());
    store(result.storage_, unix);
    result.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return result;
}

SocketAddress SocketAddress::bound(int socket) {
    SocketAddress result;
    if (::getsockname(socket, result.space(), result.space_size()) < 0)
        result.storage_.ss_family = AF_UNSPEC;
    return result;
}

Address SocketAddress::address() const {
    char text[INET6_ADDRSTRLEN] = {};
    switch (storage_.ss_family) {
        case AF_INET: {
            const auto four = load<sockaddr_in>(storage_);
            ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
            return {text, ntohs(four.sin_port)};
        }
        case AF_INET6: {
            const auto six = load<sockaddr_in6>(storage_);
            // A listener on [::] sees IPv4 peers as ::ffff:10.0.0.1; people know them without it.
            if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
                ::inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text, sizeof text);
            else
                ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
            return {text, ntohs(six.sin6_port)};
        }
        case AF_UNIX: return {load<sockaddr_un>(storage_).sun_path, 0};
        default: return {};
    }
}

}  // namespace cairn::real
