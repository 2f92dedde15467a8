#include "client/read_race.h"

#include "client/client.h"
#include "client/open_file.h"

namespace cairn::client {

Task<void> run_attempt(Client& client, std::shared_ptr<ReadRace> race, size_t number, Bytes request,
                       uint32_t bytes) {
    const Loop& loop = client.runtime().loop;
    const CsId cs = race->attempts[number].cs;
    const Instant began = loop.now();
    auto reply = co_await client.chunk_servers().call(cs, Method::read_blocks, std::move(request),
                                                      Buffer(), read_timeout, bytes);
    const Instant now = loop.now();
    ReadLatency& latency = client.read_latency();
    if (reply)
        latency.answered(cs, bytes, now - began);
    ReadRace::Attempt& attempt = race->attempts[number];
    if (attempt.late)
        latency.late_ended(cs, reply.has_value(), now);
    // What came too late is of no use to anybody, and its buffer goes.
    if (race->decided)
        co_return;
    attempt.outcome = std::move(reply);
    race->changed.notify_all();
}

}  // namespace cairn::client
