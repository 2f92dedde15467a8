// The rules of every part of the system in one place, so that a simulated cluster can run with one
// of them broken on purpose.
// `./dev sim --rules` lists them, `./dev sim --broken RULE|all` shows that the checkers notice
// each.
#pragma once

#include <span>
#include <string_view>

#include "chunk/rules.h"
#include "chunk/store_options.h"
#include "client/rules.h"
#include "meta/node/rules.h"
#include "meta/rules.h"
#include "raft/config.h"
#include "rpc/server.h"
#include "sim/seed_plan.h"

namespace cairn::sim {

struct AllRules {
    client::Rules client;
    chunk::ServiceRules service;
    chunk::StoreRules store;
    meta::Rules catalogue;
    meta::MetaNodeRules node;
    meta::LogStoreRules log;
    raft::Rules raft;
    rpc::Rules rpc;
};

struct RuleInfo {
    std::string_view name;
    std::string_view meaning;  // what holds while it is kept
    bool& (*in)(AllRules&);
    Focus focus = Focus::anything;  // of the seeds that break it
};

[[nodiscard]] std::span<const RuleInfo> breakable_rules();
// Null where there is none of that name.
[[nodiscard]] const RuleInfo* find_rule(std::string_view name);

}  // namespace cairn::sim
