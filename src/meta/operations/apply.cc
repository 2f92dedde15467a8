#include "meta/operations/apply.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

using ApplyBytes = Result<Answer> (*)(Change&, ByteView);

template <class Operation>
Result<Answer> apply_bytes(Change& change, ByteView bytes) {
    const Result<Operation> operation = decode<Operation>(bytes);
    if (!operation)
        return operation.error();
    return apply(change, *operation);
}

struct Door {
    LogKind kind;
    ApplyBytes apply;
};
template <class... Operations>
constexpr auto doors_of() {
    return std::array{Door{Operations::kind, &apply_bytes<Operations>}...};
}

using namespace logged;

constexpr auto doors =
    doors_of<CreateCluster, MakeNode, RemoveNode, RenameNode, SetAttributes, SetNode, Truncate,
             SetFileSize, RegisterClient, UnregisterClient, GrantLease, CloseLease, EndLeases,
             FenceDone, ReserveChunkIds, AddChunks, MarkChunks, UnmarkChunks, LeaveReplicas,
             JoinReplica, JoinDone, RestartComparisons, ChooseSource, logged::StandIn,
             ComparisonDone, AddCs, CsStarted, SetCsState, LoseCsReplicas, SetConfig, AddEvent,
             AddMds, ChangeMds, RemoveMds, SetFeatureLevel, DrainCs, RemoveCs, MoveMds>();

// The session that the request came in, or an answer that ends it here: one that was kept, or why
// the request is not done.
struct Session {
    SessionAnswers* answers = nullptr;  // null: answers are not kept
    std::optional<Answer> settled;
    bool repeated = false;
};

Session open_session(Catalogue& catalogue, const LogEntry& entry, const Rules& rules) {
    const RequestHeader& origin = entry.origin;
    Session session;
    if (origin.client.is_none() || origin.sequence == 0 || entry.kind == LogKind::register_client)
        return session;
    const auto client = catalogue.tables().clients.find(origin.client);
    if (client == catalogue.tables().clients.end() || client->second.instance != origin.instance) {
        session.settled = Error(Code::instance_fenced,
                                fmt::format("this instance of client {} is not registered, or a "
                                            "newer one took over: register again",
                                            origin.client.number));
        return session;
    }
    if (!rules.keep_answers)
        return session;
    SessionAnswers& answers = client->second.session;
    // A request never says of itself that it was answered.
    answers.forget_below(std::min(origin.answered_below, origin.sequence));
    if (const Answer* kept = answers.find(origin.sequence)) {
        session.settled = *kept;
        session.repeated = true;
    } else if (answers.was_received(origin.sequence)) {
        session.settled =
            Error(Code::cancelled, "a late copy of a request whose answer was received");
    } else if (answers.full()) {
        session.settled =
            Error(Code::overloaded,
                  fmt::format("the session has {} answers that it did not say it received",
                              SessionAnswers::answers_max));
    }
    session.answers = &answers;
    return session;
}

}  // namespace

Result<Applied> apply(Catalogue& catalogue, LogIndex index, const LogEntry& entry,
                      const Rules& rules) {
    CHECK_NOTE(index > catalogue.applied(), "a log entry is applied twice");
    const auto door = std::ranges::find(doors, entry.kind, &Door::kind);
    if (door == doors.end() || entry.feature_level > feature_level_newest)
        return Error(
            Code::version_mismatch,
            fmt::format("log entry {} (kind {}, feature level {}) is from a newer program: "
                        "install that version on this server",
                        index.number, static_cast<uint16_t>(entry.kind), entry.feature_level));
    const Session session = open_session(catalogue, entry, rules);
    Applied applied;
    if (session.settled) {
        applied.answer = *session.settled;
        applied.repeated = session.repeated;
    } else {
        Change change(catalogue, rules, entry.proposed);
        Result<Answer> answer = door->apply(change, entry.operation);
        if (!answer)
            return answer.error().with_context(fmt::format("log entry {}", index.number));
        applied.answer = std::move(*answer);
        applied.effects = std::move(change.effects);
        // "Ask again" is no answer to keep: the repeat is what it asks for. And the operation may
        // have been the one that ends the session.
        if (session.answers != nullptr && applied.answer.code != Code::retry &&
            catalogue.client(entry.origin.client) != nullptr)
            session.answers->keep(entry.origin.sequence, applied.answer);
    }
    catalogue.tables().applied = index;
    return applied;
}

}  // namespace cairn::meta
