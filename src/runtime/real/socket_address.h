// SocketAddress: an Address as the kernel takes it (IPv4, IPv6, Unix), and back.
#pragma once

#include <string_view>
#include <sys/socket.h>

#include "base/address.h"
#include "base/result.h"

namespace cairn::real {

class SocketAddress {
  public:
    SocketAddress() = default;
    static Result<SocketAddress> of(const Address& address);
    // A name in the abstract space of Unix sockets: of the network namespace, and without a file.
    static Result<SocketAddress> of_abstract(std::string_view name);
    // Where the socket is bound.
    static SocketAddress bound(int socket);

    [[nodiscard]] Address address() const;
    [[nodiscard]] int family() const { return storage_.ss_family; }
    [[nodiscard]] const sockaddr* raw() const {
        return reinterpret_cast<const sockaddr*>(&storage_);
    }
    [[nodiscard]] socklen_t size() const { return size_; }
    // To be filled by the kernel.
    [[nodiscard]] sockaddr* space() { return reinterpret_cast<sockaddr*>(&storage_); }
    [[nodiscard]] socklen_t* space_size() { return &size_; }

  private:
    sockaddr_storage storage_{};
    socklen_t size_ = sizeof(sockaddr_storage);
};

}  // namespace cairn::real
