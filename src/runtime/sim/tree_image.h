// TreeImage: a copy of a directory or a file of a simulated disk, as a backup would hold it: for
// scenarios that bring an old state back. Copying shares the pages, so it costs little.
#pragma once

#include <map>
#include <string>

#include "runtime/sim/content.h"

namespace cairn::sim {

struct TreeImage {
    bool is_directory = false;
    Content content;                            // of a file, as the kernel shows it
    std::map<std::string, TreeImage> children;  // of a directory
};

}  // namespace cairn::sim
