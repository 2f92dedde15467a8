// Fuzzes what a client may send: option haggling and requests, through the pure parts. The input is
// the client's side of a connection, as it stands behind the greeting. What it checks beyond not
// crashing: an agreement names an export that exists, and no request that passes the checks reaches
// beyond the device.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "front/nbd/negotiation.h"
#include "front/nbd/request_check.h"

namespace {

using namespace cairn;
using namespace cairn::nbd;

class Input {
  public:
    explicit Input(ByteView bytes) : rest_(bytes) {}
    [[nodiscard]] bool has(size_t count) const { return rest_.size() >= count; }
    ByteView take(size_t count) {
        const ByteView taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

  private:
    ByteView rest_;
};

constexpr uint64_t export_size = uint64_t{1} << 30;

// Whether transmission is reached.
bool haggle(Input& input, Negotiation& negotiation) {
    if (!input.has(client_flags_size))
        return false;
    Step step = negotiation.client_flags(input.take(client_flags_size));
    while (step.next == Next::option && input.has(option_header_size)) {
        const Result<OptionHeader> header = decode_option_header(input.take(option_header_size));
        if (!header)
            return false;
        const ByteView data = input.take(header->length);
        if (header->length > option_data_max) {
            step = Negotiation::too_big(header->option);
            continue;
        }
        const ExportFacts facts{.name = "b", .description = "d", .size = export_size};
        const auto index = negotiation.concerns(header->option, data);
        CHECK(!index || *index < 2);
        step = negotiation.option(header->option, data, index ? &facts : nullptr);
        CHECK(step.next != Next::option || !step.reply.empty());
    }
    return step.next == Next::transmit;
}

void serve(Input& input, const Agreement& agreement) {
    CHECK(agreement.export_index < 2);
    CHECK(!agreement.block_status || agreement.structured_replies);
    const ServedExport served{.size = export_size,
                              .limits = {},
                              .read_only = agreement.export_index == 1,
                              .structured_replies = agreement.structured_replies,
                              .block_status = agreement.block_status};
    while (input.has(request_size)) {
        const Result<Request> request = decode_request(input.take(request_size));
        if (!request || is_absurd(*request, served))
            return;
        CHECK(cost_of(*request, served) > 0);
        const bool served_now = !refuse(*request, served);
        const bool ranged =
            request->command != Command::flush && request->command != Command::disconnect;
        if (served_now && ranged) {
            CHECK(request->length != 0 && request->length <= export_size);
            CHECK(request->offset <= export_size - request->length);
            CHECK(!served.read_only || request->command != Command::write);
        }
        if (request->command == Command::write)
            input.take(request->length);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Input input(std::as_bytes(std::span(data, size)));
    Negotiation negotiation({"a", "b"});
    if (haggle(input, negotiation))
        serve(input, negotiation.agreement());
    return 0;
}
