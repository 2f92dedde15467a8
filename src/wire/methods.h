// The number of every call between programs. Numbers are part of the wire format: never reuse or
// renumber one.
#pragma once

#include <cstdint>

namespace cairn {

enum class Method : uint16_t {
    // Chunk server, called by clients (wire/chunk_messages.h)
    read_blocks = 100,
    write_blocks = 101,
    flush_chunks = 102,
    // Chunk server, called by chunk servers (joining, comparing, restoring)
    read_table = 120,
    copy_blocks = 121,
    // Chunk server, called by the master (wire/order_messages.h)
    create_chunk = 140,
    delete_chunks = 141,
    fence_files = 142,
    seal_chunks = 143,
    begin_join = 144,
    run_join = 145,
    compare_chunk = 146,
    sync_chunk = 147,
    admit_chunks = 148,
    restore_blocks = 149,
    // The same (wire/scrub_messages.h)
    verify_chunk = 150,
    digest_chunk = 151,

    // Metadata server, called by clients and tools (wire/meta_messages.h)
    find_master = 200,
    register_client = 201,
    unregister_client = 202,
    look_up = 203,
    list_directory = 204,
    make_node = 205,
    remove_node = 206,
    rename_node = 207,
    set_attributes = 208,
    truncate_file = 209,
    open_file = 210,
    refresh_leases = 211,
    close_file = 212,
    get_chunk_map = 213,
    prepare_chunks = 214,
    chunks_flushed = 215,
    set_file_size = 216,
    report_replica = 217,
    report_bad_blocks = 218,
    revoke = 219,
    set_node = 220,
    // Metadata server, called by chunk servers
    make_cs = 240,
    cs_start = 241,
    cs_chunks = 242,
    cs_ready = 243,
    cs_heartbeat = 244,
    // Metadata server, called by tools and by metadata servers
    get_status = 260,
    get_events = 261,
    get_config = 262,
    set_config = 263,
    add_mds = 264,
    remove_mds = 265,
    cluster_servers = 266,
    transfer_master = 267,
    map_file = 268,
    remove_cs = 269,
    // Between metadata servers (port 2510)
    raft_messages = 280,
    raft_snapshot = 281,
};

}  // namespace cairn
