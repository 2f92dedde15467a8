// Held: what the kernel takes back when a process ends: connections, listeners, locks, operations
// in flight. It is told in the order in which things were acquired, before any frame of the process
// is destroyed, so that nothing depends on the order of destructors.
#pragma once

#include <cstdint>

namespace cairn::sim {

enum class Ending : uint8_t { exited, killed, power_cut };

class Holdings;

class Held {
  public:
    explicit Held(Holdings& holdings);
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    virtual ~Held() { let_go(); }

    // The process is gone: from now on this object does nothing, and touches nothing of the
    // process.
    virtual void process_gone(Ending ending) = 0;

  protected:
    // No longer the process's; idempotent.
    void let_go();

  private:
    friend class Holdings;
    Holdings* holdings_ = nullptr;
    Held* previous_ = nullptr;
    Held* next_ = nullptr;
};

class Holdings {
  public:
    Holdings() = default;
    Holdings(const Holdings&) = delete;
    Holdings& operator=(const Holdings&) = delete;

    void process_gone(Ending ending) {
        gone_ = true;
        while (first_ != nullptr) {
            Held& held = *first_;
            held.let_go();
            held.process_gone(ending);
        }
    }
    [[nodiscard]] bool gone() const { return gone_; }

  private:
    friend class Held;
    bool gone_ = false;
    Held* first_ = nullptr;
    Held* last_ = nullptr;
};

inline Held::Held(Holdings& holdings) : holdings_(&holdings), previous_(holdings.last_) {
    (previous_ != nullptr ? previous_->next_ : holdings.first_) = this;
    holdings.last_ = this;
}

inline void Held::let_go() {
    if (holdings_ == nullptr)
        return;
    (previous_ != nullptr ? previous_->next_ : holdings_->first_) = next_;
    (next_ != nullptr ? next_->previous_ : holdings_->last_) = previous_;
    previous_ = next_ = nullptr;
    holdings_ = nullptr;
}

}  // namespace cairn::sim
