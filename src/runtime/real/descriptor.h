// Descriptor: a file descriptor and the operations in flight on it. It stays open until the last of
// them has completed, so that a number in a submission never means another file.
#pragma once

#include <cerrno>
#include <cstdint>
#include <unistd.h>
#include <utility>

#include "base/check.h"

namespace cairn::real {

class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {
        CHECK(other.in_flight_ == 0);
    }
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        CHECK_NOTE(in_flight_ == 0, "a file or stream was destroyed under its operations");
        release();
    }

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool closed() const { return closed_; }
    // Operations in flight end with ECANCELED; the descriptor itself goes with the last of them.
    void close() {
        closed_ = true;
        if (in_flight_ == 0)
            release();
    }

    void begin() { in_flight_++; }
    // Says what to tell the operation that completed with `result`.
    [[nodiscard]] int64_t finish(int64_t result) {
        CHECK(in_flight_ > 0);
        in_flight_--;
        if (!closed_)
            return result;
        if (in_flight_ == 0)
            release();
        return -ECANCELED;
    }

    // For an operation that is a coroutine's own: in flight until the frame goes on, or is dropped.
    class Use {
      public:
        explicit Use(Descriptor& used) : used_(used) { used_.begin(); }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use() { static_cast<void>(used_.finish(0)); }

      private:
        Descriptor& used_;
    };

  private:
    void release() {
        if (number_ >= 0)
            ::close(std::exchange(number_, -1));
    }

    int number_ = -1;
    uint32_t in_flight_ = 0;
    bool closed_ = false;
};

}  // namespace cairn::real
