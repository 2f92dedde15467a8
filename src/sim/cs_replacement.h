// CsReplacement: an administrator who takes chunk servers out of a simulated cluster while all goes
// wrong, and puts new ones in their places: one is drained, and sometimes kept after all, or it is
// dead and dropped by force. Each step is a program that may be killed with its host, and is then
// run again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/cluster.h"

namespace cairn::sim {

class CsReplacement {
  public:
    CsReplacement(World& world, SimCluster& cluster) : world_(world), cluster_(cluster) {}

    // Begins with one of them; nothing while another is under way.
    void begin();
    // Drops that one by force; it does not run any more. Where that is refused, since it holds what
    // nobody else does, it stays held. False while another is under way.
    bool drop(size_t index);
    // Goes on with what was begun.
    void supervise();
    [[nodiscard]] bool under_way() const { return stage_ != Stage::idle; }

  private:
    enum class Stage : uint8_t { idle, asking, draining, cancelling, dropping, making };
    using Step = std::function<Task<Result<void>>(Runtime&)>;

    [[nodiscard]] SimCluster::Service& service() const;
    void run(Machine& machine, const std::string& name, Step step);
    void begin_dropping();
    void run_stage();
    // True once the step that was run has succeeded.
    [[nodiscard]] bool step_is_over();
    void step_succeeded();
    void step_failed();
    void look_whether_gone();
    void take_out();

    World& world_;
    SimCluster& cluster_;
    Stage stage_ = Stage::idle;
    size_t index_ = 0;        // of the service
    bool keep_held_ = false;  // if it cannot be dropped
    SimTime give_up_at_;      // a drain is called off then
    uint32_t repositories_made_ = 0;
    Process* process_ = nullptr;
    std::shared_ptr<std::optional<Result<void>>> outcome_;
};

}  // namespace cairn::sim
