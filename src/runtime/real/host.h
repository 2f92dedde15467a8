// RealHost: what this machine is called, which start of it this is, and what this process uses.
#pragma once

#include "runtime/runtime.h"

namespace cairn::real {

class RealHost final : public Host {
  public:
    std::string name() override;
    uint64_t boot_id() override;
    ProcessUsage usage() override;
    Result<std::unique_ptr<SharedMemory>> shared_memory(const std::string& path,
                                                        size_t bytes) override;
};

// Of the whole machine.
[[nodiscard]] uint64_t memory_bytes();

}  // namespace cairn::real
