#include "runtime/sim/sim_file.h"

#include <algorithm>
#include <cerrno>

namespace cairn::sim {

class SimFile::Request final : public SimEvent, public Held {
  public:
    Request(SimFile& file, IoOperation& operation)
        : SimEvent(file.driver_.core().queue),
          Held(file.driver_.holdings()),
          file_(file),
          operation_(operation),
          synced_through_(file.node_->file.newest()) {
        operation.driver_data = this;
        file_.in_flight_++;
    }

    void start() {
        const SimTime submitted = file_.driver_.submit_time();
        completion_ = submitted + file_.device_.latency(operation_.kind());
        const bool at_once = file_.device_.coin() && operation_.kind() != IoKind::sync;
        if (at_once && submitted == file_.driver_.core().now())
            take_effect();
        at(at_once && !done_ ? submitted : completion_);
    }

    void process_gone(Ending ending) override {
        cancel();
        const bool is_write =
            operation_.kind() == IoKind::write || operation_.kind() == IoKind::write_durable;
        if (ending == Ending::power_cut || done_ || !is_write || !file_.options_.write)
            return;
        if (!Core::strikes(file_.driver_.core().random, file_.device_.faults().late_write))
            return;
        Bytes bytes;
        for (const ByteView slice : operation_.slices())
            bytes.insert(bytes.end(), slice.begin(), slice.end());
        file_.device_.write_late(file_.node_, operation_.offset(), std::move(bytes));
    }

    void forget() {
        file_.driver_.core().probes.hit("operation forgotten");
        file_.in_flight_--;
        delete this;
    }

  private:
    void fire() override {
        if (!done_)
            take_effect();
        if (file_.driver_.core().now() < completion_) {
            at(completion_);
            return;
        }
        if (operation_.kind() == IoKind::write_durable && result_ > 0) {
            const bool lost = file_.node_->file.losses() != losses_at_effect_;
            if (lost || file_.device_.sync_fails())
                result_ = -EIO;
            else
                file_.node_->file.persist_one(change_);
        }
        if (operation_.kind() == IoKind::sync && file_.lost_since_told())
            result_ = -EIO;
        file_.in_flight_--;
        file_.driver_.complete(operation_, result_);
        delete this;
    }

    void take_effect() {
        done_ = true;
        DiskDevice& device = file_.device_;
        Node& node = *file_.node_;
        const uint64_t unit = file_.options_.caching == Caching::direct ? page_size : 1;
        const IoKind kind = operation_.kind();
        if (kind == IoKind::read) {
            result_ = device.read(node, operation_.offset(), operation_.into(), unit);
        } else if (kind == IoKind::sync) {
            result_ = device.sync(node, synced_through_);
        } else if (!file_.options_.write) {
            result_ = -EBADF;
        } else if (kind == IoKind::write || kind == IoKind::write_durable) {
            const WriteEffect effect = device.write(node, operation_.offset(), operation_.slices(),
                                                    operation_.length(), unit);
            result_ = effect.result;
            change_ = effect.change;
            losses_at_effect_ = node.file.losses();
        } else {
            result_ = device.reshape(node, kind, operation_.offset(), operation_.length());
        }
    }

    SimFile& file_;
    IoOperation& operation_;
    // A sync makes durable what was there when it was asked for.
    uint64_t synced_through_;
    SimTime completion_;
    bool done_ = false;
    int64_t result_ = 0;
    uint64_t change_ = 0;
    uint64_t losses_at_effect_ = 0;
};

SimFile::SimFile(LoopDriver& driver, DiskDevice& device, NodeRef node, const OpenOptions& options,
                 std::unique_ptr<FileLock> claim)
    : driver_(driver),
      device_(device),
      node_(std::move(node)),
      options_(options),
      claim_(std::move(claim)),
      losses_told_(node_->file.losses()) {}

SimFile::~SimFile() {
    CHECK_NOTE(in_flight_ == 0 || driver_.holdings().gone(), "a file closed under its operations");
    device_.tree().close(*node_);
}

Result<FileExtent> SimFile::extent_at(uint64_t offset) {
    return node_->file.live().extent_at(offset);
}

void SimFile::start(IoOperation& operation) {
    if (options_.caching == Caching::direct)
        check_alignment(operation);
    auto* request = new Request(*this, operation);
    request->start();
}

void SimFile::forget(IoOperation& operation) {
    static_cast<Request*>(operation.driver_data)->forget();
}

void SimFile::check_alignment(const IoOperation& operation) const {
    if (operation.kind() == IoKind::read) {
        const MutableByteView into = operation.into();
        CHECK_NOTE(operation.offset() % page_size == 0 && into.size() % page_size == 0 &&
                       reinterpret_cast<uintptr_t>(into.data()) % page_size == 0,
                   "a direct read must be aligned in file and memory");
    } else if (operation.kind() == IoKind::write || operation.kind() == IoKind::write_durable) {
        CHECK_NOTE(operation.offset() % page_size == 0, "a direct write must be aligned");
        for (const ByteView slice : operation.slices())
            CHECK_NOTE(slice.size() % page_size == 0 &&
                           reinterpret_cast<uintptr_t>(slice.data()) % page_size == 0,
                       "a direct write must be aligned in memory");
    }
}

bool SimFile::lost_since_told() {
    const bool lost = node_->file.losses() != losses_told_;
    losses_told_ = node_->file.losses();
    return lost;
}

}  // namespace cairn::sim
