// For tests: runs a program on a simulated host to its end.
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "runtime/sim/world.h"

namespace cairn::sim {

inline void run_program(World& world, Machine& machine, Main main) {
    const Process& process = world.start(machine, "program", std::move(main));
    EXPECT_TRUE(world.run_until([&] { return !process.running(); }, seconds(600)));
}

inline Machine& add_host(World& world, std::string name, std::string address) {
    return world.add_host({.name = std::move(name), .addresses = {std::move(address)}});
}

inline std::string text_at(Machine& machine, const std::string& path) {
    const Result<Bytes> bytes = machine.peek(path);
    return bytes ? std::string(text_of(*bytes)) : std::string(name_of(bytes.code()));
}

}  // namespace cairn::sim
