// Negotiation: what the server answers to a client's options, until both agree on an export. Pure:
// it takes one option after the other and says what to send and whether to go on; handshake.h moves
// the bytes. An option it does not know, or whose data make no sense, is refused with a reason and
// the haggling goes on, as the protocol wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "front/nbd/protocol.h"

namespace cairn::nbd {

// What clients are told of one export, as it is now.
struct ExportFacts {
    std::string name;
    std::string description;
    uint64_t size = 0;
    uint16_t flags = 0;  // TransmissionFlags, without send_df
    uint32_t block_size_minimum = 1;
    uint32_t block_size_preferred = 4096;
    uint32_t payload_max = 32 << 20;
};

// What was agreed upon.
struct Agreement {
    size_t export_index = 0;
    bool structured_replies = false;
    bool block_status = false;  // base:allocation, under allocation_context
};

constexpr uint32_t allocation_context = 1;
constexpr std::string_view allocation_context_name = "base:allocation";

// Longer option data than this is thrown away unread and refused.
constexpr uint32_t option_data_max = 64 * 1024;

enum class Next : uint8_t {
    option,    // wait for another one
    transmit,  // agreement() stands
    hang_up,   // after sending the reply
};

struct Step {
    Bytes reply;
    Next next = Next::option;
};

class Negotiation {
  public:
    explicit Negotiation(std::vector<std::string> names) : names_(std::move(names)) {}

    // The client's flags, four bytes. Where they hold what the server does not know, hang up.
    Step client_flags(ByteView flags);

    // Which export's facts the answer to this option needs, if any: the caller makes them fresh.
    [[nodiscard]] std::optional<size_t> concerns(Option option, ByteView data) const;

    // `facts` are those of concerns(), or null where that was none.
    Step option(Option option, ByteView data, const ExportFacts* facts);
    // Data above option_data_max were thrown away.
    [[nodiscard]] static Step too_big(Option option);

    [[nodiscard]] const Agreement& agreement() const { return agreement_; }

  private:
    [[nodiscard]] std::optional<size_t> find(std::string_view name) const;
    Step export_name(const ExportFacts* facts);
    [[nodiscard]] Step list(ByteView data) const;
    Step info_or_go(Option option, ByteView data, const ExportFacts* facts);
    Step structured_reply(ByteView data);
    Step meta_context(Option option, ByteView data);
    [[nodiscard]] uint16_t flags_of(const ExportFacts& facts) const;

    std::vector<std::string> names_;
    bool sends_zeroes_ = true;
    Agreement agreement_;
    // SET_META_CONTEXT is for one export; choosing another afterwards undoes it.
    std::optional<size_t> context_export_;
};

}  // namespace cairn::nbd
