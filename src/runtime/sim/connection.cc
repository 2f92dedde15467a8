#include "runtime/sim/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>

#include "runtime/sim/fabric.h"
#include "runtime/sim/loop_driver.h"
#include "runtime/sim/machine.h"

namespace cairn::sim {

namespace {

// A kernel that gets no acknowledgement gives up after about this long.
constexpr Duration retransmission_least = seconds(10);
constexpr Duration retransmission_most = seconds(60);
// How far apart the two ends may learn that their connection was lost.
constexpr Duration loss_notice_max = seconds(3);
constexpr Duration local_work_max = microseconds(10);

}  // namespace

Connection::End::End(EventQueue& queue, Connection& connection, int side, Machine& its_machine,
                     Address its_address)
    : machine(&its_machine),
      boot(its_machine.boots()),
      address(std::move(its_address)),
      read_done(queue, [c = &connection, side] { c->finish_read(side); }),
      write_done(queue, [c = &connection, side] { c->finish_write(side); }),
      delivery(queue, [c = &connection, side] { c->deliver(side); }),
      failure(queue, [c = &connection, side] { c->take_failure(side); }),
      retransmission_limit(queue, [c = &connection, side] {
          c->core_.fault("retransmission limit", c->end(side).machine->name());
          c->fail(side, ETIMEDOUT, {});
      }) {}

Connection::Connection(Fabric& fabric, Machine& client, Address client_address, Machine& server,
                       Address server_address)
    : fabric_(fabric),
      core_(fabric.core()),
      number_(core_.next_number++),
      capacity_(64 * kib + fabric.random().below(192 * kib)),
      base_delay_(fabric.base_delay(client, server)),
      ends_{End(core_.queue, *this, client_side, client, std::move(client_address)),
            End(core_.queue, *this, server_side, server, std::move(server_address))} {
    fabric_.add(*this);
}

Connection::~Connection() {
    fabric_.remove(*this);
}

void Connection::note(int side, std::string_view what, uint64_t amount) {
    core_.trace.record(core_.now(), TraceKind::network, number_ << 1 | static_cast<uint64_t>(side),
                       checksum(bytes_of(what)) >> 8, amount);
    if (core_.trace.wanted())
        core_.trace.say(
            core_.now(), end(side).machine->name(),
            fmt::format("connection {} {} -> {}: {} {}", number_, to_string(address(side)),
                        to_string(address(other(side))), what, amount));
}

void Connection::attach(int side, LoopDriver& driver) {
    end(side).driver = &driver;
}

// ---- reading ----

void Connection::start_read(int side, IoOperation& operation) {
    End& me = end(side);
    CHECK_NOTE(me.reading == nullptr, "one read of a stream at a time");
    me.reading = &operation;
    if (me.closed || me.error != 0 || me.unread > 0 || me.ended)
        me.read_done.at(me.driver->submit_time() +
                        Core::between(fabric_.random(), {}, local_work_max));
}

void Connection::finish_read(int side) {
    End& me = end(side);
    if (me.reading == nullptr)
        return;
    if (me.closed)
        complete_read(side, -ECANCELED);
    else if (me.unread > 0)
        complete_read(side, take_bytes(side, me.reading->into()));
    else if (me.error != 0)
        complete_read(side, -me.error);
    else if (me.ended)
        complete_read(side, 0);
}

void Connection::complete_read(int side, int64_t result) {
    End& me = end(side);
    me.read_done.cancel();
    IoOperation& operation = *std::exchange(me.reading, nullptr);
    me.driver->complete(operation, result);
}

int64_t Connection::take_bytes(int side, MutableByteView into) {
    End& me = end(side);
    uint64_t wanted = std::min<uint64_t>(into.size(), me.unread);
    if (wanted > 1 && Core::strikes(fabric_.random(), core_.faults.network.short_read)) {
        core_.probes.hit("short stream read");
        wanted = 1 + fabric_.random().below(wanted - 1);
    }
    uint64_t done = 0;
    while (done < wanted) {
        const Bytes& front = me.arrived.front();
        const uint64_t part = std::min<uint64_t>(front.size() - me.taken, wanted - done);
        std::memcpy(into.data() + done, front.data() + me.taken, part);
        done += part;
        me.taken += part;
        if (me.taken == front.size()) {
            me.arrived.pop_front();
            me.taken = 0;
        }
    }
    me.unread -= done;
    me.pending -= done;
    // The other end learns that there is room again.
    End& writer = end(other(side));
    if (writer.writing != nullptr && !writer.write_done.scheduled())
        writer.write_done.at(core_.now() + fabric_.delay(base_delay_));
    return static_cast<int64_t>(done);
}

// ---- writing ----

void Connection::start_write(int side, IoOperation& operation) {
    End& me = end(side);
    CHECK_NOTE(me.writing == nullptr, "one write of a stream at a time");
    me.writing = &operation;
    me.write_done.at(me.driver->submit_time() +
                     Core::between(fabric_.random(), {}, local_work_max));
}

void Connection::finish_write(int side) {
    End& me = end(side);
    if (me.writing == nullptr)
        return;
    if (me.closed || me.error != 0) {
        complete_write(side, me.closed ? -ECANCELED : -me.error);
        return;
    }
    const uint64_t pending = end(other(side)).pending;
    const uint64_t room = pending >= capacity_ ? 0 : capacity_ - pending;
    uint64_t length = std::min<uint64_t>(me.writing->length(), room);
    if (length == 0 && me.writing->length() > 0) {
        core_.probes.hit("write waits for reader");
        return;
    }
    if (length == 0) {
        complete_write(side, 0);
        return;
    }
    if (length > 1 && Core::strikes(fabric_.random(), core_.faults.network.short_write)) {
        core_.probes.hit("short stream write");
        length = 1 + fabric_.random().below(length - 1);
    }
    send(side, me.writing->slices(), length);
    complete_write(side, static_cast<int64_t>(length));
}

void Connection::complete_write(int side, int64_t result) {
    End& me = end(side);
    me.write_done.cancel();
    IoOperation& operation = *std::exchange(me.writing, nullptr);
    me.driver->complete(operation, result);
}

void Connection::send(int side, std::span<const ByteView> slices, uint64_t length) {
    Bytes bytes;
    bytes.reserve(length);
    for (const ByteView slice : slices) {
        const uint64_t part = std::min<uint64_t>(slice.size(), length - bytes.size());
        bytes.insert(bytes.end(), slice.begin(), slice.begin() + static_cast<ptrdiff_t>(part));
    }
    core_.trace.record_bytes(bytes);
    note(side, "sends", length);
    if (end(other(side)).cut_off)
        return;
    // Now and then what was sent as one arrives as two.
    if (length > 1 && fabric_.random().below(8) == 0) {
        const auto first = static_cast<ptrdiff_t>(1 + fabric_.random().below(length - 1));
        push_segment(other(side), Bytes(bytes.begin(), bytes.begin() + first), false);
        bytes.erase(bytes.begin(), bytes.begin() + first);
    }
    push_segment(other(side), std::move(bytes), false);
    if (machine(0).number() != machine(1).number() &&
        Core::strikes(fabric_.random(), core_.faults.network.connection_loss))
        lose();
}

void Connection::push_segment(int to, Bytes bytes, bool fin) {
    End& receiver = end(to);
    SimTime arrival = core_.now() + fabric_.delay(base_delay_);
    if (!receiver.coming.empty())
        arrival = std::max(arrival, receiver.coming.back().arrival + nanoseconds(1));
    receiver.pending += bytes.size();
    receiver.coming.push_back({arrival, std::move(bytes), fin});
    if (receiver.coming.size() == 1)
        receiver.delivery.at(arrival);
}

// ---- arriving ----

void Connection::deliver(int side) {
    End& me = end(side);
    End& sender = end(other(side));
    while (!me.coming.empty() && me.coming.front().arrival <= core_.now()) {
        if (!fabric_.open(*sender.machine, *me.machine) || !me.machine->powered()) {
            core_.fault("partition held", me.machine->name());
            if (!sender.retransmission_limit.scheduled() && !sender.closed && !sender.vanished)
                sender.retransmission_limit.at(core_.now() + Core::between(fabric_.random(),
                                                                           retransmission_least,
                                                                           retransmission_most));
            return;
        }
        sender.retransmission_limit.cancel();
        if (me.closed || me.vanished) {
            if (me.vanished)
                core_.fault("half-open end", me.machine->name());
            me.coming.clear();
            me.pending = 0;
            me.cut_off = true;
            fail(other(side), ECONNRESET, fabric_.delay(base_delay_));
            return;
        }
        Segment segment = std::move(me.coming.front());
        me.coming.pop_front();
        accept_segment(side, std::move(segment));
    }
    if (!me.coming.empty())
        me.delivery.at(me.coming.front().arrival);
}

void Connection::accept_segment(int side, Segment segment) {
    End& me = end(side);
    note(side, segment.fin ? "sees the end" : "receives", segment.bytes.size());
    if (segment.fin) {
        me.ended = true;
    } else if (me.error != 0) {
        me.pending -= segment.bytes.size();
        return;
    } else {
        me.unread += segment.bytes.size();
        me.arrived.push_back(std::move(segment.bytes));
    }
    if (me.reading != nullptr && !me.read_done.scheduled())
        finish_read(side);
}

void Connection::retry(Duration delay_max) {
    for (const int side : {client_side, server_side}) {
        End& me = end(side);
        if (!me.coming.empty() && !me.delivery.scheduled())
            me.delivery.at(core_.now() + Core::between(fabric_.random(), {}, delay_max));
    }
}

// ---- breaking ----

void Connection::fail(int side, int error, Duration after) {
    End& me = end(side);
    if (me.closed || me.vanished || me.error != 0 || me.failure.scheduled())
        return;
    me.failure_error = error;
    me.failure.at(core_.now() + after);
}

void Connection::take_failure(int side) {
    End& me = end(side);
    me.error = me.failure_error;
    me.retransmission_limit.cancel();
    core_.fault("connection reset", me.machine->name());
    note(side, "breaks", static_cast<uint64_t>(me.error));
    // What had arrived can still be read, or not.
    if (me.unread > 0 && fabric_.random().below(2) == 0) {
        me.pending -= me.unread;
        me.unread = 0;
        me.taken = 0;
        me.arrived.clear();
    }
    if (me.reading != nullptr)
        finish_read(side);
    if (me.writing != nullptr)
        finish_write(side);
}

void Connection::drop_some_coming(int side) {
    End& me = end(side);
    const uint64_t kept = fabric_.random().below(me.coming.size() + 1);
    if (kept < me.coming.size())
        core_.fault("data lost in flight", me.machine->name());
    while (me.coming.size() > kept) {
        me.pending -= me.coming.back().bytes.size();
        me.coming.pop_back();
    }
    if (me.coming.empty())
        me.delivery.cancel();
    me.cut_off = true;
}

void Connection::lose() {
    core_.fault("connection lost", machine(client_side).name());
    for (const int side : {client_side, server_side}) {
        drop_some_coming(side);
        const int error = fabric_.random().below(4) == 0 ? ETIMEDOUT : ECONNRESET;
        fail(side, error, Core::between(fabric_.random(), {}, loss_notice_max));
    }
}

void Connection::reset() {
    for (const int side : {client_side, server_side}) {
        drop_some_coming(side);
        fail(side, ECONNRESET, {});
    }
}

void Connection::close(int side) {
    End& me = end(side);
    if (me.closed || me.vanished)
        return;
    const bool unread = me.unread > 0;
    leave(side, unread);
    if (me.reading != nullptr)
        complete_read(side, -ECANCELED);
    if (me.writing != nullptr)
        complete_write(side, -ECANCELED);
}

void Connection::abandon(int side, Ending ending) {
    End& me = end(side);
    if (me.closed || me.vanished)
        return;
    me.reading = nullptr;
    me.writing = nullptr;
    me.driver = nullptr;
    if (ending != Ending::power_cut) {
        leave(side, me.unread > 0 || fabric_.random().below(2) == 0);
        return;
    }
    me.vanished = true;
    for (Alarm* alarm : {&me.read_done, &me.write_done, &me.failure, &me.retransmission_limit})
        alarm->cancel();
}

// This end is closed. The other end sees the end of the stream, or an error that may overtake data.
void Connection::leave(int side, bool reset_peer) {
    End& me = end(side);
    me.closed = true;
    note(side, reset_peer ? "resets" : "closes", 0);
    for (Alarm* alarm : {&me.read_done, &me.write_done, &me.failure, &me.retransmission_limit})
        alarm->cancel();
    if (end(other(side)).cut_off || me.error != 0)
        return;
    if (!reset_peer) {
        push_segment(other(side), {}, true);
        return;
    }
    drop_some_coming(other(side));
    if (fabric_.open(machine(side), machine(other(side))))
        fail(other(side), ECONNRESET, fabric_.delay(base_delay_));
}

void Connection::forget(int side, IoOperation& operation) {
    End& me = end(side);
    if (me.reading == &operation)
        me.reading = nullptr;
    if (me.writing == &operation)
        me.writing = nullptr;
}

}  // namespace cairn::sim
