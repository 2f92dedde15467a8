// Secret: 32 bytes that are wiped when they go, and compared in constant time. ClusterKey is what
// all programs of a cluster share; SessionKey belongs to one connection. They cannot be mixed up.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/bytes.h"

namespace cairn::rpc {

// Overwrites what held a secret; the compiler does not optimise it away.
void wipe(MutableByteView bytes);

[[nodiscard]] bool equal_in_constant_time(std::span<const std::byte, 32> a,
                                          std::span<const std::byte, 32> b);

template <class Tag>
class Secret {
  public:
    using Content = std::array<std::byte, 32>;

    Secret() = default;
    explicit Secret(const Content& content) : content_(content) {}
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    ~Secret() { wipe(content_); }

    [[nodiscard]] std::span<const std::byte, 32> view() const { return content_; }
    bool operator==(const Secret& other) const {
        return equal_in_constant_time(content_, other.content_);
    }

  private:
    Content content_{};
};

using ClusterKey = Secret<struct ClusterKeyTag>;
using SessionKey = Secret<struct SessionKeyTag>;

}  // namespace cairn::rpc
