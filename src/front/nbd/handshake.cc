#include "front/nbd/handshake.h"

#include <array>
#include <fmt/core.h>

#include "base/size.h"
#include "front/nbd/request_check.h"

namespace cairn::nbd {

namespace {

// Longer data than this are not even thrown away.
constexpr uint32_t option_data_absurd = 16 * mib;

std::vector<std::string> names_of(std::span<const Export> exports) {
    std::vector<std::string> names;
    for (const Export& exported : exports)
        names.push_back(exported.name);
    return names;
}

ExportFacts facts_of(const Export& exported) {
    const block::DeviceLimits limits = exported.device->limits();
    return {.name = exported.name,
            .description = exported.description,
            .size = exported.device->size(),
            .flags = transmission_flags(limits, exported.read_only),
            .block_size_minimum = limits.minimum_block_size,
            .block_size_preferred = limits.preferred_block_size,
            .payload_max = limits.maximum_transfer};
}

Task<Result<void>> send(Stream& stream, Bytes bytes) {
    if (bytes.empty())
        co_return Result<void>();
    const std::array<ByteView, 1> slices{bytes};
    co_return co_await write_all(stream, slices);
}

Task<Result<Bytes>> receive_data(StreamInput& input, uint32_t length) {
    Bytes data(length);
    CO_TRY(co_await input.read(data));
    co_return data;
}

// One option, and what the negotiation says to it.
Task<Result<Step>> take_option(StreamInput& input, std::span<const Export> exports,
                               Negotiation& negotiation) {
    CO_TRY(co_await input.need(option_header_size));
    Result<OptionHeader> header = decode_option_header(input.available().first(option_header_size));
    if (!header)
        co_return header.error();
    input.consume(option_header_size);
    if (header->length > option_data_absurd)
        co_return Error(Code::too_large, "the client sends an option beyond all limits");
    if (header->length > option_data_max) {
        CO_TRY(co_await input.skip(header->length));
        co_return Negotiation::too_big(header->option);
    }
    Result<Bytes> data = co_await receive_data(input, header->length);
    if (!data)
        co_return data.error();

    const std::optional<size_t> index = negotiation.concerns(header->option, *data);
    if (!index)
        co_return negotiation.option(header->option, *data, nullptr);
    // A disk that was grown meanwhile shows its new size; one that cannot tell shows the last
    // known.
    Result<void> refreshed = co_await exports[*index].device->refresh();
    static_cast<void>(refreshed);
    const ExportFacts facts = facts_of(exports[*index]);
    co_return negotiation.option(header->option, *data, &facts);
}

}  // namespace

Task<Result<Agreement>> shake_hands(Stream& stream, StreamInput& input,
                                    std::span<const Export> exports) {
    Negotiation negotiation(names_of(exports));
    CO_TRY(co_await send(stream, encode_greeting()));
    CO_TRY(co_await input.need(client_flags_size));
    Step step = negotiation.client_flags(input.available().first(client_flags_size));
    input.consume(client_flags_size);
    if (step.next == Next::hang_up)
        co_return Error(Code::version_mismatch, "the client wants handshake flags unknown here");
    while (step.next == Next::option) {
        Result<Step> taken = co_await take_option(input, exports, negotiation);
        if (!taken)
            co_return taken.error();
        step = std::move(taken).value();
        CO_TRY(co_await send(stream, step.reply));
    }
    if (step.next == Next::hang_up)
        co_return Error(Code::cancelled, "the client took its leave");
    co_return negotiation.agreement();
}

}  // namespace cairn::nbd
