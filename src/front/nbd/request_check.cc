#include "front/nbd/request_check.h"

#include <algorithm>
#include <cstring>

#include "base/size.h"

namespace cairn::nbd {

namespace {

constexpr uint64_t own_cost = 4 * kib;
constexpr uint64_t status_cost = 128 * kib;  // extents_max of them, in memory and on the wire

uint16_t flags_allowed(Command command, bool structured_replies) {
    switch (command) {
        case Command::read: return structured_replies ? dont_fragment : 0;
        case Command::write:
        case Command::trim: return fua;
        case Command::write_zeroes: return fua | no_hole | fast_zero;
        case Command::block_status: return request_one;
        case Command::disconnect:
        case Command::flush:
        case Command::cache: return 0;
    }
    return 0;
}

bool is_known(Command command) {
    return static_cast<uint16_t>(command) <= static_cast<uint16_t>(Command::block_status);
}

bool changes(Command command) {
    return command == Command::write || command == Command::trim ||
           command == Command::write_zeroes;
}

bool has_payload(Command command) {
    return command == Command::read || command == Command::write;
}

std::optional<Refusal> refuse_range(const Request& request, const ServedExport& served) {
    if (request.length == 0)
        return Refusal{WireError::invalid, "a request for nothing"};
    const uint32_t unit = std::max<uint32_t>(1, served.limits.minimum_block_size);
    if (request.offset % unit != 0 || request.length % unit != 0)
        return Refusal{WireError::invalid, "the request is not made of whole blocks"};
    if (has_payload(request.command) && request.length > served.limits.maximum_transfer)
        return Refusal{WireError::invalid, "the request is longer than the longest transfer"};
    if (request.offset > served.size || request.length > served.size - request.offset) {
        const bool full =
            request.command == Command::write || request.command == Command::write_zeroes;
        return Refusal{full ? WireError::no_space : WireError::invalid,
                       "the request lies beyond the end of the export"};
    }
    return std::nullopt;
}

bool is_all_zero(ByteView bytes) {
    constexpr size_t probe = 16;
    if (bytes.size() <= probe)
        return std::all_of(bytes.begin(), bytes.end(),
                           [](std::byte b) { return b == std::byte{0}; });
    uint64_t words[2];
    std::memcpy(words, bytes.data(), probe);
    // If it begins with zeros and each byte equals the one a probe's length further on, all are.
    return (words[0] | words[1]) == 0 &&
           std::memcmp(bytes.data(), bytes.data() + probe, bytes.size() - probe) == 0;
}

}  // namespace

std::optional<Refusal> refuse(const Request& request, const ServedExport& served) {
    if (!is_known(request.command))
        return Refusal{WireError::invalid, "this server does not know this command"};
    const uint16_t allowed = flags_allowed(request.command, served.structured_replies);
    if ((request.flags & ~allowed) != 0)
        return Refusal{WireError::invalid, "the command does not take these flags"};
    if (changes(request.command) && (served.read_only || served.limits.read_only))
        return Refusal{WireError::not_permitted, "the export is read-only"};
    if (request.command == Command::block_status && !served.block_status)
        return Refusal{WireError::invalid, "no meta context was negotiated"};
    if (request.command == Command::flush || request.command == Command::disconnect)
        return std::nullopt;
    return refuse_range(request, served);
}

bool is_absurd(const Request& request, const ServedExport& served) {
    return request.command == Command::write &&
           request.length > 2 * uint64_t{served.limits.maximum_transfer};
}

uint64_t cost_of(const Request& request, const ServedExport& served) {
    if (request.command == Command::block_status)
        return status_cost;
    if (!has_payload(request.command))
        return own_cost;
    return own_cost + std::min(request.length, served.limits.maximum_transfer);
}

uint16_t transmission_flags(const block::DeviceLimits& limits, bool read_only) {
    // All connections share one device in this process, and its flush covers whatever was written
    // before it: clients may use several connections and flush on any.
    uint16_t flags = TransmissionFlag::has_flags | TransmissionFlag::send_flush |
                     TransmissionFlag::can_multi_conn | TransmissionFlag::send_cache;
    if (read_only || limits.read_only)
        return flags | TransmissionFlag::read_only;
    flags |= TransmissionFlag::send_fua | TransmissionFlag::send_write_zeroes |
             TransmissionFlag::send_fast_zero;
    if (limits.supports_trim)
        flags |= TransmissionFlag::send_trim;
    return flags;
}

ContentRun first_run(ByteView content, uint64_t offset) {
    ContentRun run;
    while (run.size < content.size()) {
        const ByteView rest = content.subspan(run.size);
        const uint64_t at = offset + run.size;
        const size_t size = std::min<size_t>(rest.size(), block_size - at % block_size);
        const bool zero = size == block_size && is_all_zero(rest.first(size));
        if (run.size == 0)
            run.is_zero = zero;
        else if (zero != run.is_zero)
            break;
        run.size += size;
    }
    return run;
}

}  // namespace cairn::nbd
