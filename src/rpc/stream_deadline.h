// StreamDeadline: closes a stream when its time has come, which ends whatever waits on it. For the
// parts of a conversation where a slow peer must not hold us.
#pragma once

#include "runtime/loop.h"
#include "runtime/network.h"

namespace cairn::rpc {

class StreamDeadline final : private Timer {
  public:
    StreamDeadline(Loop& loop, Stream& stream, Duration timeout) : loop_(loop), stream_(stream) {
        restart(timeout);
    }
    ~StreamDeadline() override { disarm(); }
    void restart(Duration timeout) { arm(loop_, loop_.now() + timeout); }
    void stop() { disarm(); }
    [[nodiscard]] bool expired() const { return expired_; }

  private:
    void fire() override {
        expired_ = true;
        stream_.close();
    }

    Loop& loop_;
    Stream& stream_;
    bool expired_ = false;
};

}  // namespace cairn::rpc
