// What the master answers: one function a request, one file a group. Each gets the master and the
// decoded request, and gives back the encoded reply. Views are answered only after leadership was
// confirmed since the request came, so that nobody is told what a deposed master believes.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "meta/master/master.h"
#include "wire/cs_messages.h"
#include "wire/meta_messages.h"
#include "wire/status_messages.h"

namespace cairn::meta {

// Of whom the request came, for errors and events.
struct Caller {
    Address address;
};

// Tree (tree.cc)
Task<Result<Bytes>> look_up(Master& master, LookUpRequest request);
Task<Result<Bytes>> list_directory(Master& master, ListDirectoryRequest request);
Task<Result<Bytes>> make_node(Master& master, MakeNodeRequest request);
Task<Result<Bytes>> remove_node(Master& master, RemoveNodeRequest request);
Task<Result<Bytes>> rename_node(Master& master, RenameNodeRequest request);
Task<Result<Bytes>> set_attributes(Master& master, SetAttributesRequest request);
Task<Result<Bytes>> set_node(Master& master, SetNodeRequest request);
Task<Result<Bytes>> truncate_file(Master& master, TruncateFileRequest request);
Task<Result<Bytes>> set_file_size(Master& master, SetFileSizeRequest request);

// Clients and leases (leases.cc)
Task<Result<Bytes>> register_client(Master& master, RegisterClientRequest request);
Task<Result<Bytes>> unregister_client(Master& master, UnregisterClientRequest request);
Task<Result<Bytes>> open_file(Master& master, OpenFileRequest request);
Task<Result<Bytes>> refresh_leases(Master& master, RefreshLeasesRequest request);
Task<Result<Bytes>> close_file(Master& master, CloseFileRequest request);
Task<Result<Bytes>> revoke(Master& master, RevokeRequest request);

// Chunk maps (chunk_maps.cc, prepare_chunks.cc, report_replica.cc)
Task<Result<Bytes>> get_chunk_map(Master& master, GetChunkMapRequest request);
Task<Result<Bytes>> prepare_chunks(Master& master, PrepareChunksRequest request, Caller caller);
Task<Result<Bytes>> chunks_flushed(Master& master, ChunksFlushedRequest request);
Task<Result<Bytes>> report_replica(Master& master, ReportReplicaRequest request);

// Chunk servers (chunk_servers.cc)
Task<Result<Bytes>> make_cs(Master& master, MakeCsRequest request);
Task<Result<Bytes>> cs_start(Master& master, CsStartRequest request);
Task<Result<Bytes>> cs_chunks(Master& master, CsChunksRequest request);
Task<Result<Bytes>> cs_ready(Master& master, CsReadyRequest request);
Task<Result<Bytes>> cs_heartbeat(Master& master, CsHeartbeatRequest request);
Task<Result<Bytes>> remove_cs(Master& master, RemoveCsRequest request);

// Status and settings (status.cc)
Task<Result<Bytes>> get_status(Master& master, GetStatusRequest request);
Task<Result<Bytes>> get_events(Master& master, GetEventsRequest request);
Task<Result<Bytes>> get_config(Master& master, GetConfigRequest request);
Task<Result<Bytes>> set_config(Master& master, SetConfigRequest request, Caller caller);
Task<Result<Bytes>> map_file(Master& master, MapFileRequest request);

// Common to several.
[[nodiscard]] ReplyHeader reply_header(const Master& master);
// The answer's error, or the given reply.
template <class Reply>
[[nodiscard]] Result<Bytes> reply_with(const Master& master, Reply reply) {
    reply.header = reply_header(master);
    return encode(reply);
}
[[nodiscard]] Result<Bytes> empty_reply(const Master& master, const Result<Answer>& answer);
// The client is known under this instance: instance_fenced if a newer one took over.
[[nodiscard]] Result<void> check_instance(const Master& master, ClientId client,
                                          InstanceId instance);
// An error `busy` says until when the lease stands that is in the way, as far as it was prolonged.
[[nodiscard]] Error with_end_of_lease(const Master& master, FileId file, const Error& refused);
// The client holds a lease on the file, of this epoch.
[[nodiscard]] Result<void> check_lease(const Master& master, FileId file, ClientId client,
                                       InstanceId instance);

}  // namespace cairn::meta
