// The tree as a client sees it: paths are resolved by the master, changes go by parent and name.
#include <fmt/core.h>

#include "client/client.h"

namespace cairn::client {

namespace {

constexpr FileId root{1};

}  // namespace

Task<Result<NodeAttributes>> Client::look_up(std::string path) {
    LookUpRequest request;
    request.start = root;
    request.path = std::move(path);
    auto reply = co_await master_.call<NodeReply>(Method::look_up, std::move(request));
    if (!reply)
        co_return reply.error();
    co_return reply->node;
}

Task<Result<std::pair<FileId, std::string>>> Client::parent_and_name(std::string path) {
    while (!path.empty() && path.back() == '/')
        path.pop_back();
    const size_t slash = path.rfind('/');
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name.empty())
        co_return Error(Code::invalid_argument, "the path names the root itself");
    if (slash == std::string::npos || slash == 0)
        co_return std::pair(root, name);
    Result<NodeAttributes> parent = co_await look_up(path.substr(0, slash));
    if (!parent)
        co_return parent.error().with_context(path.substr(0, slash));
    co_return std::pair(parent->file, name);
}

Task<Result<NodeAttributes>> Client::make_node(std::string path, NodeKind kind, uint32_t mode,
                                               std::optional<uint64_t> chunk_size) {
    auto place = co_await parent_and_name(path);
    if (!place)
        co_return place.error();
    MakeNodeRequest request;
    request.parent = place->first;
    request.name = place->second;
    request.kind = kind;
    request.mode = mode;
    request.chunk_size = chunk_size;
    auto reply = co_await master_.change<NodeReply>(Method::make_node, std::move(request));
    if (!reply)
        co_return reply.error().with_context(path);
    co_return reply->node;
}

Task<Result<void>> Client::remove(std::string path) {
    LookUpRequest look;
    look.path = path;
    look.follow_last = false;
    auto node = co_await master_.call<NodeReply>(Method::look_up, std::move(look));
    if (!node)
        co_return node.error().with_context(path);
    auto place = co_await parent_and_name(path);
    if (!place)
        co_return place.error();
    RemoveNodeRequest request;
    request.parent = place->first;
    request.name = place->second;
    request.directory = node->node.kind == NodeKind::directory;
    auto reply = co_await master_.change<EmptyReply>(Method::remove_node, std::move(request));
    if (!reply)
        co_return reply.error().with_context(path);
    co_return Result<void>();
}

Task<Result<void>> Client::rename(std::string from, std::string to) {
    auto source = co_await parent_and_name(from);
    if (!source)
        co_return source.error();
    auto target = co_await parent_and_name(to);
    if (!target)
        co_return target.error();
    RenameNodeRequest request;
    request.from_parent = source->first;
    request.from_name = source->second;
    request.to_parent = target->first;
    request.to_name = target->second;
    auto reply = co_await master_.change<EmptyReply>(Method::rename_node, std::move(request));
    if (!reply)
        co_return reply.error().with_context(from);
    co_return Result<void>();
}

Task<Result<ListDirectoryReply>> Client::list(FileId directory, std::string after) {
    ListDirectoryRequest request;
    request.directory = directory;
    request.after = std::move(after);
    co_return co_await master_.call<ListDirectoryReply>(Method::list_directory, std::move(request));
}

Task<Result<void>> Client::set_attributes(SetAttributesRequest request) {
    auto reply = co_await master_.change<EmptyReply>(Method::set_attributes, request);
    if (!reply)
        co_return reply.error();
    co_return Result<void>();
}

}  // namespace cairn::client
