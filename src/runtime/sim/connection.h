// Connection: two ends and what is under way between them. Bytes of one direction arrive in order,
// late and in pieces; how much may be under way or unread is bounded. Either end may be closed by
// its program, lose its program, or lose its machine's power without a word to the other.
#pragma once

#include <array>
#include <deque>
#include <memory>

#include "base/address.h"
#include "runtime/io.h"
#include "runtime/sim/core.h"
#include "runtime/sim/held.h"

namespace cairn::sim {

class Fabric;
class LoopDriver;
class Machine;

class Connection {
  public:
    Connection(Fabric& fabric, Machine& client, Address client_address, Machine& server,
               Address server_address);
    ~Connection();

    static constexpr int client_side = 0;
    static constexpr int server_side = 1;

    [[nodiscard]] uint64_t number() const { return number_; }
    [[nodiscard]] const Address& address(int side) const { return end(side).address; }
    [[nodiscard]] Machine& machine(int side) const { return *end(side).machine; }

    // A program takes this end; its operations complete on that loop.
    void attach(int side, LoopDriver& driver);
    void start_read(int side, IoOperation& operation);
    void start_write(int side, IoOperation& operation);
    void forget(int side, IoOperation& operation);
    void close(int side);
    // Nobody holds this end any more, and nothing of its program is touched.
    void abandon(int side, Ending ending);

    // The network between the ends, or the power of one, has changed: try again what was held.
    void retry(Duration delay_max);
    // Both ends see it break, each in its own time; what is under way may arrive in part.
    void lose();
    // Both ends see it break at once.
    void reset();

  private:
    struct Segment {
        SimTime arrival;
        Bytes bytes;
        bool fin = false;
    };
    struct End {
        End(EventQueue& queue, Connection& connection, int side, Machine& its_machine,
            Address its_address);

        Machine* machine;
        uint64_t boot;  // of the machine, when the connection was made
        Address address;
        LoopDriver* driver = nullptr;
        IoOperation* reading = nullptr;
        IoOperation* writing = nullptr;
        int error = 0;          // what reads and writes say from now on
        int failure_error = 0;  // what the failure under way will say
        bool closed = false;
        bool vanished = false;  // with its machine's power
        bool ended = false;     // the other end's close has arrived
        bool cut_off = false;   // nothing arrives here any more
        std::deque<Segment> coming;
        std::deque<Bytes> arrived;
        size_t taken = 0;      // of arrived.front()
        uint64_t unread = 0;   // bytes arrived and not taken
        uint64_t pending = 0;  // bytes coming or unread
        Alarm read_done;
        Alarm write_done;
        Alarm delivery;
        Alarm failure;
        Alarm retransmission_limit;
    };

    [[nodiscard]] End& end(int side) { return ends_[static_cast<size_t>(side)]; }
    [[nodiscard]] const End& end(int side) const { return ends_[static_cast<size_t>(side)]; }
    static int other(int side) { return 1 - side; }

    void finish_read(int side);
    void finish_write(int side);
    void deliver(int side);
    void accept_segment(int side, Segment segment);
    void fail(int side, int error, Duration after);
    void take_failure(int side);
    void complete_read(int side, int64_t result);
    void complete_write(int side, int64_t result);
    [[nodiscard]] int64_t take_bytes(int side, MutableByteView into);
    void send(int side, std::span<const ByteView> slices, uint64_t length);
    void push_segment(int to, Bytes bytes, bool fin);
    void leave(int side, bool reset_peer);
    void drop_some_coming(int side);
    void note(int side, std::string_view what, uint64_t amount);

    Fabric& fabric_;
    Core& core_;
    uint64_t number_;
    uint64_t capacity_;
    Duration base_delay_;
    std::array<End, 2> ends_;
};

}  // namespace cairn::sim
