#include "meta/node/make_repository.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/snapshot_writer.h"
#include "meta/node/member_address.h"
#include "meta/node/repository_files.h"
#include "meta/node/snapshot_file.h"
#include "raft/raft.h"

namespace cairn::meta {

namespace {

// An empty catalogue, as of the position at which the first server begins.
Task<Result<void>> write_first_snapshot(Runtime& runtime, NewRepository& repository,
                                        raft::SnapshotMeta meta) {
    const std::string path =
        repository.directory + "/" +
        snapshot_file_name(snapshot_prefix, raft::Position{meta.index, meta.term});
    auto file = co_await SnapshotFileWriter::create(runtime, path, repository.identity.cluster,
                                                    std::move(meta));
    if (!file)
        co_return file.error();
    Catalogue empty;
    SnapshotWriter pieces(empty);
    while (std::optional<Bytes> piece = pieces.next_piece())
        CO_TRY(co_await (*file)->add_piece(std::move(*piece)));
    co_return co_await (*file)->finish();
}

// Only the header: the server that opens the repository writes into a segment of its own.
Task<Result<void>> write_first_segment(Runtime& runtime, NewRepository& repository,
                                       raft::HardState hard_state) {
    const std::string path = repository.directory + "/" + log_file_name(1);
    auto file = co_await runtime.disk.open(path, {.write = true, .create = true});
    if (!file)
        co_return file.error().with_context(path);
    Buffer content = Buffer::zeroed(log_segment_size_min);
    const Buffer header = encode_segment_header({.owner = repository.identity.owner(),
                                                 .number = 1,
                                                 .size = content.size(),
                                                 .first_sequence = 1,
                                                 .first_chain = 0,
                                                 .hard_state = hard_state});
    std::ranges::copy(header.view(), content.mutable_view().begin());
    CO_TRY(co_await write_all(**file, 0, content.view()));
    Result<size_t> synced = co_await (*file)->sync();
    if (!synced)
        co_return synced.error().with_context(path);
    co_return Result<void>();
}

void warn_of_space(Runtime& runtime, const NewRepository& repository) {
    const Result<DiskSpace> space = runtime.disk.space(repository.directory);
    if (!space || space->free >= recommended_free_space || !repository.warn)
        return;
    repository.warn(fmt::format("{} has {} free; a metadata server should have at least {}",
                                repository.directory, size_text(space->free),
                                size_text(recommended_free_space)));
}

}  // namespace

Task<Result<void>> check_repository_place(Runtime& runtime, std::string directory,
                                          std::string cluster_name) {
    auto files = co_await runtime.disk.list(directory);
    if (!files && files.code() == Code::not_found)
        co_return Result<void>();
    if (!files)
        co_return files.error().with_context(directory);
    if (files->empty())
        co_return Result<void>();
    Result<MdsIdentity> found = co_await read_identity(runtime, directory);
    if (found && found->cluster_name != cluster_name)
        co_return Error(Code::wrong_cluster,
                        fmt::format("{} is the repository of MDS#{} of cluster '{}', not of '{}'",
                                    directory, found->mds.number, found->cluster_name,
                                    cluster_name));
    if (found)
        co_return Error(Code::already_exists,
                        fmt::format("{} is the repository of MDS#{} of cluster '{}' already",
                                    directory, found->mds.number, found->cluster_name));
    co_return Error(Code::not_empty,
                    fmt::format("{} is not empty: name a new or an empty directory", directory));
}

Task<Result<void>> make_repository(Runtime& runtime, NewRepository repository) {
    CHECK(!repository.identity.cluster.is_none() && !repository.identity.mds.is_none());
    const std::string& directory = repository.directory;
    CO_TRY(co_await check_repository_place(runtime, directory, repository.identity.cluster_name));
    CO_TRY(co_await runtime.disk.make_directories(directory));
    warn_of_space(runtime, repository);
    raft::Restored start;
    if (repository.first) {
        raft::Membership members{{{repository.identity.mds, false,
                                   member_address(repository.identity.peer_address)}}};
        start = raft::first_server(std::move(members));
        CO_TRY(co_await write_first_snapshot(runtime, repository, start.snapshot));
    }
    CO_TRY(co_await write_first_segment(runtime, repository, start.hard_state));
    CO_TRY(co_await runtime.disk.sync_directory(directory));
    // Last, since only a directory with an identity is a repository.
    CO_TRY(co_await replace_file(runtime.disk, directory + "/identity",
                                 encode_identity(repository.identity)));
    co_return co_await runtime.disk.sync_directory(parent_of(directory));
}

}  // namespace cairn::meta
