#include "daemon/environment.h"

#include <cstdlib>

#include "runtime/real/program.h"

namespace cairn {

std::string cluster_root() {
    const char* const value = std::getenv("CAIRN_ROOT");
    std::string root = value == nullptr ? "" : value;
    if (!root.empty() && !root.starts_with('/'))
        root = real::Program::working_directory() + "/" + root;
    while (root.ends_with('/'))
        root.pop_back();
    return root;
}

}  // namespace cairn
