#include "runtime/sim/sim_network.h"

#include <cerrno>

#include "runtime/sim/machine.h"

namespace cairn::sim {

namespace {

constexpr size_t backlog_max = 128;
constexpr Duration first_retry = seconds(1);

// One attempt to connect; lives in the frame that waits for it. A first packet that gets no answer
// is sent again after one second, two, four, and so on.
class ConnectAttempt final : private Held {
  public:
    ConnectAttempt(LoopDriver& driver, Fabric& fabric, Address to)
        : Held(driver.holdings()),
          driver_(driver),
          fabric_(fabric),
          to_(std::move(to)),
          changed_(driver.loop()),
          knock_(fabric.core().queue, [this] { knock(); }),
          answer_(fabric.core().queue, [this] { answer(); }) {
        target_ = fabric_.machine_at(driver_.machine(), to_);
        base_delay_ =
            target_ == nullptr ? milliseconds(1) : fabric_.base_delay(driver_.machine(), *target_);
        knock_.at(driver_.submit_time() + fabric_.delay(base_delay_));
    }
    ~ConnectAttempt() override {
        if (connection_ != nullptr)
            connection_->abandon(Connection::client_side, Ending::exited);
    }

    [[nodiscard]] Condition& changed() { return changed_; }
    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] int error() const { return error_; }
    [[nodiscard]] std::shared_ptr<Connection> take() { return std::move(connection_); }

  private:
    void process_gone(Ending ending) override {
        knock_.cancel();
        answer_.cancel();
        if (connection_ != nullptr)
            connection_->abandon(Connection::client_side, ending);
        connection_ = nullptr;
    }

    void knock_again() {
        knock_.at(fabric_.core().now() + retry_after_);
        retry_after_ = retry_after_ * 2;
    }

    // The first packet arrives.
    void knock() {
        Machine& here = driver_.machine();
        if (target_ == nullptr) {
            error_ = EHOSTUNREACH;
        } else if (!fabric_.open(here, *target_) || !target_->powered()) {
            knock_again();
            return;
        } else if (Core::strikes(fabric_.random(), fabric_.core().faults.network.connect_refused)) {
            fabric_.core().fault("connect refused", driver_.who());
            error_ = ECONNREFUSED;
        } else if (!reach_listener()) {
            return;
        }
        answer_.at(fabric_.core().now() + fabric_.delay(base_delay_));
    }

    // False if the answer must wait for another knock.
    bool reach_listener() {
        SimListener* listener = fabric_.listener_at(*target_, to_);
        if (listener == nullptr) {
            error_ = ECONNREFUSED;
            return true;
        }
        Machine& here = driver_.machine();
        Address from{to_.host, fabric_.ephemeral_port()};
        if (to_.is_unix())
            from.port = 0;
        else if (target_ != &here)
            from.host = here.addresses().front();
        connection_ = std::make_shared<Connection>(fabric_, here, from, *target_, to_);
        if (listener->offer(connection_))
            return true;
        connection_ = nullptr;
        knock_again();
        return false;
    }

    // The answer arrives.
    void answer() {
        if (target_ != nullptr && !fabric_.open(*target_, driver_.machine())) {
            answer_.at(fabric_.core().now() + retry_after_);
            return;
        }
        done_ = true;
        changed_.notify_all();
        driver_.wake();
    }

    LoopDriver& driver_;
    Fabric& fabric_;
    Address to_;
    Machine* target_ = nullptr;
    Duration base_delay_;
    Duration retry_after_ = first_retry;
    Condition changed_;
    Alarm knock_;
    Alarm answer_;
    std::shared_ptr<Connection> connection_;
    int error_ = 0;
    bool done_ = false;
};

}  // namespace

SimStream::SimStream(LoopDriver& driver, std::shared_ptr<Connection> connection, int side)
    : Held(driver.holdings()), connection_(std::move(connection)), side_(side) {
    connection_->attach(side, driver);
}

SimStream::~SimStream() {
    connection_->close(side_);
}

void SimStream::close() {
    connection_->close(side_);
}

void SimStream::start(IoOperation& operation) {
    if (operation.kind() == IoKind::read)
        connection_->start_read(side_, operation);
    else
        connection_->start_write(side_, operation);
}

void SimStream::forget(IoOperation& operation) {
    connection_->forget(side_, operation);
}

SimListener::SimListener(LoopDriver& driver, Fabric& fabric, Address address)
    : Held(driver.holdings()),
      driver_(driver),
      fabric_(fabric),
      address_(std::move(address)),
      changed_(driver.loop()) {}

SimListener::~SimListener() {
    stop(Ending::exited);
}

int SimListener::bind() {
    const int error = fabric_.bind(driver_.machine(), address_, *this);
    bound_ = error == 0;
    return error;
}

void SimListener::stop(Ending ending) {
    closed_ = true;
    if (bound_)
        fabric_.unbind(driver_.machine(), address_);
    bound_ = false;
    for (const std::shared_ptr<Connection>& connection : waiting_)
        connection->abandon(Connection::server_side, ending);
    waiting_.clear();
}

void SimListener::close() {
    stop(Ending::exited);
    changed_.notify_all();
}

bool SimListener::offer(std::shared_ptr<Connection> connection) {
    if (waiting_.size() >= backlog_max)
        return false;
    waiting_.push_back(std::move(connection));
    changed_.notify_one();
    driver_.wake();
    return true;
}

Task<Result<std::unique_ptr<Stream>>> SimListener::accept() {
    while (waiting_.empty() && !closed_)
        co_await changed_.wait();
    if (closed_)
        co_return Error(Code::cancelled, "the listener was closed");
    std::shared_ptr<Connection> connection = std::move(waiting_.front());
    waiting_.pop_front();
    co_return std::unique_ptr<Stream>(
        std::make_unique<SimStream>(driver_, std::move(connection), Connection::server_side));
}

Task<Result<std::unique_ptr<Stream>>> SimNetwork::connect(Address to, Duration timeout) {
    const std::string what = "connect to " + to_string(to);
    ConnectAttempt attempt(driver_, fabric_, std::move(to));
    const Instant now = driver_.loop().now();
    const Instant deadline = timeout >= Instant::never() - now ? Instant::never() : now + timeout;
    while (!attempt.done()) {
        const bool notified = co_await attempt.changed().wait_until(deadline);
        if (notified)
            continue;
        driver_.core().fault("connect timed out", driver_.who());
        co_return error_of_errno(ETIMEDOUT, what);
    }
    if (attempt.error() != 0)
        co_return error_of_errno(attempt.error(), what);
    co_return std::unique_ptr<Stream>(
        std::make_unique<SimStream>(driver_, attempt.take(), Connection::client_side));
}

Result<std::unique_ptr<Listener>> SimNetwork::listen(const Address& at) {
    auto listener = std::make_unique<SimListener>(driver_, fabric_, at);
    const int error = listener->bind();
    if (error == EADDRNOTAVAIL)
        return Error(Code::invalid_argument, to_string(at) + ": this machine has no such address");
    if (error != 0)
        return error_of_errno(error, "listen on " + to_string(at));
    return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace cairn::sim
