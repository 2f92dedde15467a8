// CsCopies: an administrator who makes copies of chunk servers' repositories in a simulated cluster
// while all goes wrong, and much later puts one in the place of what has gone on since. Such a
// start must be refused, however often it is tried; then the server is dropped and replaced, or its
// own repository is put back where it holds what nobody else does.
#pragma once

#include <optional>

#include "runtime/sim/tree_image.h"
#include "sim/cluster.h"
#include "sim/cs_replacement.h"

namespace cairn::sim {

class CsCopies {
  public:
    CsCopies(World& world, SimCluster& cluster, CsReplacement& replacement)
        : world_(world), cluster_(cluster), replacement_(replacement) {}

    // Makes a copy, or puts one in place that was made before.
    void strike();
    // Goes on with what was begun.
    void supervise();
    [[nodiscard]] bool under_way() const { return stage_ != Stage::idle; }

  private:
    enum class Stage : uint8_t { idle, trying, dropping, putting_back };
    struct Copy {
        size_t index = 0;  // of the service
        CsId cs;
        TreeImage repository;
    };
    [[nodiscard]] SimCluster::Service& service() const;
    [[nodiscard]] std::optional<uint64_t> last_start() const;
    void make_copy();
    void put_in_place();
    void judge();
    void put_back();

    World& world_;
    SimCluster& cluster_;
    CsReplacement& replacement_;
    Stage stage_ = Stage::idle;
    std::optional<Copy> copy_;
    TreeImage newest_;  // of the server in whose place the copy was put
    SimTime drop_at_;
};

}  // namespace cairn::sim
