#include "raft/describe.h"

#include <fmt/core.h>

#include "raft/membership.h"

namespace cairn::raft {
namespace {

constexpr size_t payload_shown_max = 16;

std::string describe_payload(ByteView payload) {
    const std::string_view text = text_of(payload);
    const bool printable =
        std::ranges::all_of(text, [](char letter) { return letter > ' ' && letter <= '~'; });
    if (text.size() > payload_shown_max || !printable)
        return fmt::format("{} bytes", text.size());
    return std::string(text);
}

std::string describe_entries(const std::vector<Entry>& entries) {
    std::string text;
    for (const Entry& entry : entries)
        text.append(text.empty() ? "" : ", ").append(describe(entry));
    return text;
}

struct DescribeBody {
    std::string operator()(const VoteRequest& body) const {
        return fmt::format("{}vote request, last {}{}", body.pre_vote ? "pre-" : "",
                           describe(body.last), body.transfer ? ", transfer" : "");
    }
    std::string operator()(const VoteResponse& body) const {
        return fmt::format("{}vote {}", body.pre_vote ? "pre-" : "",
                           body.granted ? "granted" : "refused");
    }
    std::string operator()(const AppendRequest& body) const {
        return fmt::format("append after {} [{}] commit {}", describe(body.previous),
                           describe_entries(body.entries), body.commit.number);
    }
    std::string operator()(const AppendResponse& body) const {
        if (body.accepted)
            return fmt::format("append accepted up to {}", body.index.number);
        return fmt::format("append refused after {}, hint {}", body.index.number,
                           describe(body.hint));
    }
    std::string operator()(const HeartbeatRequest& body) const {
        return fmt::format("heartbeat round {} commit {}", body.round, body.commit.number);
    }
    std::string operator()(const HeartbeatResponse& body) const {
        return fmt::format("heartbeat answered, round {}", body.round);
    }
    std::string operator()(const TimeoutNow& /*body*/) const { return "timeout now"; }
};

}  // namespace

std::string describe(Position position) {
    return fmt::format("{}/{}", position.index.number, position.term.number);
}

std::string describe(const Entry& entry) {
    const std::string position = describe(Position{entry.index, entry.term});
    switch (entry.kind) {
        case EntryKind::noop: return position + " no-op";
        case EntryKind::data: return position + " " + describe_payload(entry.payload.view());
        case EntryKind::membership: break;
    }
    const auto membership = decode_membership(entry.payload.view());
    return position + " members " + (membership ? describe(*membership) : "unreadable");
}

std::string describe(const Membership& membership) {
    std::string text;
    for (const Member& member : membership.members)
        text += fmt::format("{}{}", text.empty() ? "" : " ",
                            member.learner ? fmt::format("({})", member.id.number)
                                           : fmt::format("{}", member.id.number));
    return text;
}

std::string describe(const Message& message) {
    return fmt::format("{} -> {} term {}: {}", message.from.number, message.to.number,
                       message.term.number, std::visit(DescribeBody{}, message.body));
}

}  // namespace cairn::raft
