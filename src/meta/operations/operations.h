// The operations of the log, one file each: what applying them checks and changes. A precondition
// that does not hold (any more) changes nothing and answers a code: the world may have changed
// between proposing and applying. Called by apply() alone, in log order.
#pragma once

#include "meta/catalogue/change.h"
#include "wire/log_chunks.h"
#include "wire/log_cluster.h"
#include "wire/log_leases.h"
#include "wire/log_tree.h"

namespace cairn::meta {

[[nodiscard]] Answer apply(Change& change, const logged::CreateCluster& operation);

[[nodiscard]] Answer apply(Change& change, const logged::MakeNode& operation);
[[nodiscard]] Answer apply(Change& change, const logged::RemoveNode& operation);
[[nodiscard]] Answer apply(Change& change, const logged::RenameNode& operation);
[[nodiscard]] Answer apply(Change& change, const logged::SetAttributes& operation);
[[nodiscard]] Answer apply(Change& change, const logged::SetNode& operation);
[[nodiscard]] Answer apply(Change& change, const logged::Truncate& operation);
[[nodiscard]] Answer apply(Change& change, const logged::SetFileSize& operation);

[[nodiscard]] Answer apply(Change& change, const logged::RegisterClient& operation);
[[nodiscard]] Answer apply(Change& change, const logged::UnregisterClient& operation);
[[nodiscard]] Answer apply(Change& change, const logged::GrantLease& operation);
[[nodiscard]] Answer apply(Change& change, const logged::CloseLease& operation);
[[nodiscard]] Answer apply(Change& change, const logged::EndLeases& operation);
[[nodiscard]] Answer apply(Change& change, const logged::FenceDone& operation);

[[nodiscard]] Answer apply(Change& change, const logged::ReserveChunkIds& operation);
[[nodiscard]] Answer apply(Change& change, const logged::AddChunks& operation);
[[nodiscard]] Answer apply(Change& change, const logged::MarkChunks& operation);
[[nodiscard]] Answer apply(Change& change, const logged::UnmarkChunks& operation);
[[nodiscard]] Answer apply(Change& change, const logged::LeaveReplicas& operation);
[[nodiscard]] Answer apply(Change& change, const logged::JoinReplica& operation);
[[nodiscard]] Answer apply(Change& change, const logged::JoinDone& operation);
[[nodiscard]] Answer apply(Change& change, const logged::RestartComparisons& operation);
[[nodiscard]] Answer apply(Change& change, const logged::ChooseSource& operation);
[[nodiscard]] Answer apply(Change& change, const logged::StandIn& operation);
[[nodiscard]] Answer apply(Change& change, const logged::ComparisonDone& operation);

[[nodiscard]] Answer apply(Change& change, const logged::AddCs& operation);
[[nodiscard]] Answer apply(Change& change, const logged::CsStarted& operation);
[[nodiscard]] Answer apply(Change& change, const logged::SetCsState& operation);
[[nodiscard]] Answer apply(Change& change, const logged::LoseCsReplicas& operation);
[[nodiscard]] Answer apply(Change& change, const logged::DrainCs& operation);
[[nodiscard]] Answer apply(Change& change, const logged::RemoveCs& operation);
[[nodiscard]] Answer apply(Change& change, const logged::SetConfig& operation);
[[nodiscard]] Answer apply(Change& change, const logged::AddEvent& operation);
[[nodiscard]] Answer apply(Change& change, const logged::AddMds& operation);
[[nodiscard]] Answer apply(Change& change, const logged::ChangeMds& operation);
[[nodiscard]] Answer apply(Change& change, const logged::RemoveMds& operation);
[[nodiscard]] Answer apply(Change& change, const logged::MoveMds& operation);
[[nodiscard]] Answer apply(Change& change, const logged::SetFeatureLevel& operation);

}  // namespace cairn::meta
