// Making the repository of a new metadata server, before that server first runs: for make-mds. The
// first server's holds an empty catalogue, in which the server then creates the cluster; a further
// one's holds nothing, and is filled by the master.
#pragma once

#include <functional>
#include <string>

#include "base/size.h"
#include "meta/node/identity.h"
#include "runtime/runtime.h"

namespace cairn::meta {

constexpr uint64_t recommended_free_space = 10 * gib;

struct NewRepository {
    std::string directory;
    MdsIdentity identity;  // the first server's id is 1; the master gives the others theirs
    bool first = false;
    // What the user should know, though it goes on.
    std::function<void(const std::string&)> warn;
};

// Whether a repository can be made there: wrong_cluster or already_exists if there is one, not_empty
// if there is anything else. Ask before the cluster is asked for an id.
Task<Result<void>> check_repository_place(Runtime& runtime, std::string directory,
                                          std::string cluster_name);

Task<Result<void>> make_repository(Runtime& runtime, NewRepository repository);

}  // namespace cairn::meta
