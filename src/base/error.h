// Error: what went wrong, as a value. The code is for programs (its numbers are stable: they travel
// on the wire and in logs), the message is for people and names the cause and, where there is one,
// the next step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn {

// Numbers are part of the wire format: never reuse or renumber one.
enum class Code : uint16_t {
    ok = 0,
    // What the caller asked for
    invalid_argument = 1,
    not_found = 2,
    already_exists = 3,
    permission_denied = 4,
    not_supported = 5,
    out_of_range = 6,
    not_a_directory = 7,
    is_a_directory = 8,
    not_empty = 9,
    busy = 10,  // held by somebody else (a lease, a lock file, a port)
    read_only = 11,
    // What the world does
    io_error = 20,
    no_space = 21,
    corrupt = 22,          // a checksum or a format does not hold; nothing of it was used
    unavailable = 23,      // nobody who could answer is reachable now; nothing was done
    timed_out = 24,        // outcome unknown: it may or may not have been done
    connection_lost = 25,  // outcome unknown, as timed_out
    cancelled = 26,        // given up on our side before it was done
    authentication_failed = 27,
    version_mismatch = 28,  // the peer speaks a protocol or format this program does not
    too_large = 29,
    overloaded = 30,  // a bound was met; try again later
    // What the cluster decides
    not_master = 40,  // ask the master; the message may name it
    stale_map = 41,  // an older chunk version or lease epoch than the replica was told: ask for the
                     // map again
    lease_lost = 42,    // the lease was ended: reopen
    blocked = 43,       // too few replicas to write: wait
    not_admitted = 44,  // this replica restarted unclean, or joins: it answers nothing yet
    wrong_cluster = 45,
    behind = 46,           // the sender's log position is older than one already seen
    replica_lost = 47,     // the replica should be here and is not
    instance_fenced = 48,  // a newer instance of the same client took over
    retry = 49,            // nothing was done; ask again shortly
};

[[nodiscard]] std::string_view name_of(Code code);

class Error {
  public:
    Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

    [[nodiscard]] Code code() const { return code_; }
    [[nodiscard]] const std::string& message() const { return message_; }

    // The same error seen from one level further up: "context: message". Added once, at a module's
    // border.
    [[nodiscard]] Error with_context(std::string_view context) const;

    // Whether the operation may have taken effect although it failed.
    [[nodiscard]] bool outcome_unknown() const {
        return code_ == Code::timed_out || code_ == Code::connection_lost;
    }

  private:
    Code code_;
    std::string message_;
};

// The code for an errno value that a system call returned.
[[nodiscard]] Code code_of_errno(int errno_value);

// "WHAT: No space left on device", with the code that belongs to it.
[[nodiscard]] Error error_of_errno(int errno_value, std::string_view what);

// The errno value that tells a local program (NBD, FUSE) about this error.
[[nodiscard]] int errno_of_code(Code code);

}  // namespace cairn
