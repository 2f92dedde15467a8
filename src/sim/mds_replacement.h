// MdsReplacement: an administrator who replaces metadata servers of a simulated cluster while all
// goes wrong: removes one, gives its repository up, makes a new one at the same address. Each step
// is a program that may be killed with its host, and is then run again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/cluster.h"

namespace cairn::sim {

class MdsReplacement {
  public:
    MdsReplacement(World& world, SimCluster& cluster);

    // Begins with one of them; nothing while another is under way.
    void begin();
    // Goes on with what was begun.
    void supervise();
    [[nodiscard]] bool under_way() const { return stage_ != Stage::idle; }

  private:
    enum class Stage : uint8_t { idle, removing, making };
    using Step = std::function<Task<Result<void>>(Runtime&)>;

    void run(Machine& machine, const std::string& name, Step step);
    void step_succeeded();

    World& world_;
    SimCluster& cluster_;
    Stage stage_ = Stage::idle;
    std::vector<MdsId> numbers_;  // of the services' repositories, as their makers were told
    size_t index_ = 0;            // of the service
    uint32_t repositories_made_ = 0;
    Process* process_ = nullptr;
    std::shared_ptr<std::optional<Result<void>>> outcome_;
};

}  // namespace cairn::sim
