// Requests on the tree of names.
#include "meta/requests/handlers.h"
#include "wire/log_tree.h"

namespace cairn::meta {

Task<Result<Bytes>> look_up(Master& master, LookUpRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    Result<FileId> file =
        master.catalogue().look_up(request.start, request.path, request.follow_last);
    if (!file)
        co_return file.error();
    Result<NodeAttributes> node = master.catalogue().attributes(*file);
    if (!node)
        co_return node.error();
    co_return reply_with(master, NodeReply{{}, *node});
}

Task<Result<Bytes>> list_directory(Master& master, ListDirectoryRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    Result<ListDirectoryReply> list =
        master.catalogue().list(request.directory, request.after, std::min(request.limit, 1000U));
    if (!list)
        co_return list.error();
    co_return reply_with(master, std::move(*list));
}

Task<Result<Bytes>> make_node(Master& master, MakeNodeRequest request) {
    logged::MakeNode operation;
    operation.parent = request.parent;
    operation.name = request.name;
    operation.node_kind = request.kind;
    operation.mode = request.mode;
    operation.uid = request.uid;
    operation.gid = request.gid;
    operation.symlink_target = request.symlink_target;
    operation.chunk_size = request.chunk_size;
    Result<Answer> answer = co_await master.propose(std::move(operation), request.request);
    if (!answer)
        co_return answer.error();
    Result<logged::NodeAnswer> made = answer->as<logged::NodeAnswer>();
    if (!made)
        co_return made.error();
    co_return reply_with(master, NodeReply{{}, made->node});
}

Task<Result<Bytes>> remove_node(Master& master, RemoveNodeRequest request) {
    logged::RemoveNode operation;
    operation.parent = request.parent;
    operation.name = request.name;
    operation.directory = request.directory;
    co_return empty_reply(master, co_await master.propose(std::move(operation), request.request));
}

Task<Result<Bytes>> rename_node(Master& master, RenameNodeRequest request) {
    logged::RenameNode operation;
    operation.from_parent = request.from_parent;
    operation.from_name = request.from_name;
    operation.to_parent = request.to_parent;
    operation.to_name = request.to_name;
    operation.no_replace = request.no_replace;
    co_return empty_reply(master, co_await master.propose(std::move(operation), request.request));
}

Task<Result<Bytes>> set_attributes(Master& master, SetAttributesRequest request) {
    logged::SetAttributes operation;
    operation.file = request.file;
    operation.recursive = request.recursive;
    operation.replicas_norm = request.replicas_norm;
    operation.replicas_min = request.replicas_min;
    operation.failure_domain = request.failure_domain;
    operation.tier = request.tier;
    co_return empty_reply(master, co_await master.propose(operation, request.request));
}

Task<Result<Bytes>> set_node(Master& master, SetNodeRequest request) {
    logged::SetNode operation;
    operation.file = request.file;
    operation.mode = request.mode;
    operation.uid = request.uid;
    operation.gid = request.gid;
    operation.modified = request.modified;
    co_return empty_reply(master, co_await master.propose(operation, request.request));
}

Task<Result<Bytes>> truncate_file(Master& master, TruncateFileRequest request) {
    logged::Truncate operation;
    operation.file = request.file;
    operation.client = request.request.client;
    operation.instance = request.request.instance;
    operation.size = request.size;
    Result<Answer> answer = co_await master.propose(operation, request.request);
    if (!answer)
        co_return answer.error();
    Result<logged::NodeAnswer> node = answer->as<logged::NodeAnswer>();
    if (!node)
        co_return with_end_of_lease(master, request.file, node.error());
    co_return reply_with(master, NodeReply{{}, node->node});
}

Task<Result<Bytes>> set_file_size(Master& master, SetFileSizeRequest request) {
    logged::SetFileSize operation;
    operation.file = request.file;
    operation.client = request.request.client;
    operation.instance = request.request.instance;
    operation.epoch = request.epoch;
    operation.size = request.size;
    operation.punched = request.punched;
    operation.modified = request.modified;
    co_return empty_reply(master, co_await master.propose(operation, request.request));
}

}  // namespace cairn::meta
