#include "wire/log_entry.h"

#include <array>
#include <fmt/core.h>

namespace cairn {

namespace {

constexpr uint16_t log_entry_format = 1;

struct KindName {
    LogKind kind;
    std::string_view name;
};
constexpr std::array kind_names = {
    KindName{LogKind::create_cluster, "create_cluster"},
    KindName{LogKind::make_node, "make_node"},
    KindName{LogKind::remove_node, "remove_node"},
    KindName{LogKind::rename_node, "rename_node"},
    KindName{LogKind::set_attributes, "set_attributes"},
    KindName{LogKind::set_node, "set_node"},
    KindName{LogKind::truncate, "truncate"},
    KindName{LogKind::set_file_size, "set_file_size"},
    KindName{LogKind::register_client, "register_client"},
    KindName{LogKind::unregister_client, "unregister_client"},
    KindName{LogKind::grant_lease, "grant_lease"},
    KindName{LogKind::close_lease, "close_lease"},
    KindName{LogKind::end_leases, "end_leases"},
    KindName{LogKind::fence_done, "fence_done"},
    KindName{LogKind::reserve_chunk_ids, "reserve_chunk_ids"},
    KindName{LogKind::add_chunks, "add_chunks"},
    KindName{LogKind::mark_chunks, "mark_chunks"},
    KindName{LogKind::unmark_chunks, "unmark_chunks"},
    KindName{LogKind::leave_replicas, "leave_replicas"},
    KindName{LogKind::join_replica, "join_replica"},
    KindName{LogKind::join_done, "join_done"},
    KindName{LogKind::restart_comparisons, "restart_comparisons"},
    KindName{LogKind::choose_source, "choose_source"},
    KindName{LogKind::stand_in, "stand_in"},
    KindName{LogKind::comparison_done, "comparison_done"},
    KindName{LogKind::add_cs, "add_cs"},
    KindName{LogKind::cs_started, "cs_started"},
    KindName{LogKind::set_cs_state, "set_cs_state"},
    KindName{LogKind::lose_cs_replicas, "lose_cs_replicas"},
    KindName{LogKind::set_config, "set_config"},
    KindName{LogKind::add_event, "add_event"},
    KindName{LogKind::add_mds, "add_mds"},
    KindName{LogKind::change_mds, "change_mds"},
    KindName{LogKind::remove_mds, "remove_mds"},
    KindName{LogKind::set_feature_level, "set_feature_level"},
    KindName{LogKind::drain_cs, "drain_cs"},
    KindName{LogKind::remove_cs, "remove_cs"},
    KindName{LogKind::move_mds, "move_mds"},
};

}  // namespace

std::string_view name_of(LogKind kind) {
    for (const KindName& known : kind_names)
        if (known.kind == kind)
            return known.name;
    return "unknown";
}

Bytes encode_entry(const LogEntry& entry) {
    Bytes out;
    out.reserve(52 + entry.operation.size());
    ByteWriter writer(out);
    writer.put(log_entry_format);
    writer.put(entry.kind);
    writer.put(entry.feature_level);
    writer.put(uint16_t{0});
    writer.put(entry.proposed.nanoseconds);
    writer.put(entry.origin.client);
    writer.put(uint32_t{0});
    writer.put(entry.origin.instance);
    writer.put(entry.origin.sequence);
    writer.put(entry.origin.answered_below);
    writer.put_bytes(entry.operation);
    return out;
}

Result<LogEntry> decode_entry(ByteView bytes) {
    ByteReader reader(bytes);
    LogEntry entry;
    const auto format = reader.read<uint16_t>();
    if (reader.ok() && format != log_entry_format)
        return Error(Code::version_mismatch,
                     fmt::format("a log entry has format {}; this program reads format {}: "
                                 "install the newer version on this server",
                                 format, log_entry_format));
    reader.get(entry.kind);
    reader.get(entry.feature_level);
    const auto zero = reader.read<uint16_t>();
    reader.get(entry.proposed.nanoseconds);
    reader.get(entry.origin.client);
    const auto zero_too = reader.read<uint32_t>();
    reader.get(entry.origin.instance);
    reader.get(entry.origin.sequence);
    reader.get(entry.origin.answered_below);
    const ByteView operation = reader.get_bytes();
    if (!reader.finished() || zero != 0 || zero_too != 0)
        return Error(Code::corrupt, "a log entry does not decode");
    entry.operation.assign(operation.begin(), operation.end());
    return entry;
}

}  // namespace cairn
