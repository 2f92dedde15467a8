// Orders: the master's calls to chunk servers. Each carries the master's term and log position, so
// that a chunk server can tell a master that is behind.
#pragma once

#include "base/result.h"
#include "rpc/link.h"
#include "wire/order_messages.h"

namespace cairn::meta {

class Master;

class Orders {
  public:
    Orders(Master& master, rpc::Links& links) : master_(master), links_(links) {}

    // Sends `order` (whose header is filled in here) and gives back the reply's body.
    template <class Order>
    Task<Result<Buffer>> send(CsId cs, Method method, Order order, Duration timeout = seconds(5)) {
        order.header = header();
        return send_raw(cs, method, encode(order), timeout);
    }

    // What anybody may ask of a chunk server: no order.
    Task<Result<Buffer>> ask(CsId cs, Method method, Bytes body, Duration timeout) {
        return send_raw(cs, method, std::move(body), timeout);
    }

  private:
    [[nodiscard]] OrderHeader header() const;
    Task<Result<Buffer>> send_raw(CsId cs, Method method, Bytes body, Duration timeout);

    Master& master_;
    rpc::Links& links_;
};

}  // namespace cairn::meta
