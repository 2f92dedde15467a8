// map: the chunks of a file, their versions, and where their replicas are.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/size.h"
#include "cli/cluster_connection.h"
#include "cli/files/commands.h"
#include "cli/print.h"
#include "wire/status_messages.h"

namespace cairn::cli {

namespace {

// All pages of it; the first one speaks for the file.
Task<Result<MapFileReply>> whole_map(ClusterConnection& cluster, std::string path) {
    MapFileRequest request;
    request.path = path;
    auto map = co_await cluster.master().call<MapFileReply>(Method::map_file, request);
    if (!map)
        co_return map.error().with_context(path);
    bool more = map->more;
    while (more && !map->chunks.empty()) {
        request.first_index = map->chunks.back().index + 1;
        auto page = co_await cluster.master().call<MapFileReply>(Method::map_file, request);
        if (!page)
            co_return page.error().with_context(path);
        more = page->more && !page->chunks.empty();
        map->chunks.insert(map->chunks.end(), page->chunks.begin(), page->chunks.end());
    }
    co_return map;
}

nlohmann::json json_of(const MapFileReply& map) {
    nlohmann::json chunks = nlohmann::json::array();
    for (const ShownChunk& chunk : map.chunks) {
        nlohmann::json replicas = nlohmann::json::array();
        for (const ShownPiece& piece : chunk.pieces) {
            replicas.push_back({{"cs", piece.cs.number},
                                {"state", piece.state},
                                {"since", piece.since.number},
                                {"address", to_string(piece.address)}});
        }
        chunks.push_back({{"index", chunk.index},
                          {"chunk", chunk.chunk.number},
                          {"version", chunk.version.number},
                          {"state", chunk.state},
                          {"open_for_writing", chunk.marked},
                          {"comparing", chunk.comparing},
                          {"replicas", replicas}});
    }
    return {{"file", map.node.file.number},
            {"size", map.node.size},
            {"chunk_size", map.node.storage.chunk_size},
            {"lease", map.lease},
            {"chunks", chunks}};
}

void print_map(const std::string& path, const MapFileReply& map) {
    fmt::print("{}: {}, {} chunks of {}, replicas={}:{}\n", path, size_text(map.node.size),
               map.chunks.size(), size_text(map.node.storage.chunk_size),
               map.node.storage.replicas_norm, map.node.storage.replicas_min);
    fmt::print("lease: {}\n", map.lease.empty() ? "nobody" : map.lease);
    std::vector<std::vector<std::string>> rows;
    for (const ShownChunk& chunk : map.chunks) {
        std::string replicas;
        for (const ShownPiece& piece : chunk.pieces)
            replicas += fmt::format("{}CS#{} {}", replicas.empty() ? "" : "; ", piece.cs.number,
                                    piece.state);
        std::string state = chunk.state;
        state += chunk.marked ? ", open for writing" : "";
        state += chunk.comparing ? ", comparing" : "";
        rows.push_back({fmt::format("{}", chunk.index), fmt::format("{}", chunk.chunk.number),
                        fmt::format("{}", chunk.version.number), state, replicas});
    }
    print_table({">INDEX", ">CHUNK", ">VERSION", "STATE", "REPLICAS"}, rows);
}

Task<Result<void>> map_on(ClusterConnection& cluster, std::string path) {
    Result<MapFileReply> map = co_await whole_map(cluster, path);
    if (!map)
        co_return map.error();
    if (cluster.context().json)
        print_json(json_of(*map));
    else
        print_map(path, *map);
    co_return Result<void>();
}

}  // namespace

void add_map(CLI::App& app, Invocation& invocation) {
    auto path = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("map", "Show where the chunks of a file are");
    command->add_option("PATH", *path, "File of the cluster")->required();
    command->footer(
        "Shows who holds the file open, and of each chunk its version, its state, and its "
        "replicas.");
    command->callback([path, &invocation] {
        invocation.run = [path](CommandContext context) {
            return with_cluster(context, [path = *path](ClusterConnection& cluster) {
                return map_on(cluster, path);
            });
        };
    });
}

}  // namespace cairn::cli
