#include "runtime/network.h"

#include <vector>

namespace cairn {

Result<std::unique_ptr<Stream>> Network::connect_nearby(const Address& to) {
    return Error(Code::not_supported, to_string(to) + ": no way but the network");
}

Result<std::unique_ptr<Listener>> Network::listen_nearby(const Address& at) {
    return Error(Code::not_supported, to_string(at) + ": no way but the network");
}

Task<Result<void>> write_all(Stream& stream, std::span<const ByteView> slices) {
    std::vector<ByteView> rest;  // stays empty unless a write came back short
    while (!slices.empty()) {
        Result<size_t> written = co_await stream.write(slices);
        if (!written)
            co_return written.error();
        size_t done = *written;
        while (!slices.empty() && done >= slices.front().size()) {
            done -= slices.front().size();
            slices = slices.subspan(1);
        }
        if (done > 0) {
            std::vector<ByteView> tail(slices.begin(), slices.end());
            tail.front() = tail.front().subspan(done);
            rest.swap(tail);
            slices = rest;
        }
    }
    co_return Result<void>();
}

Task<Result<void>> read_exact(Stream& stream, MutableByteView into) {
    while (!into.empty()) {
        Result<size_t> count = co_await stream.read(into);
        if (!count)
            co_return count.error();
        if (*count == 0)
            co_return Error(Code::connection_lost, "the peer closed the connection");
        into = into.subspan(*count);
    }
    co_return Result<void>();
}

}  // namespace cairn
