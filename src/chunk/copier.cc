#include "chunk/copier.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/checksum.h"
#include "wire/chunk_messages.h"
#include "wire/methods.h"

namespace cairn::chunk {

namespace {

constexpr size_t batches_in_flight = 4;
constexpr Duration copy_timeout = seconds(15);
constexpr Duration look_again =
    seconds(1);  // whether the chunk went on, while a turn is waited for
constexpr Duration between_tries = milliseconds(200);

Error superseded(const Replica& replica, Version version) {
    return {Code::stale_map,
            fmt::format("chunk {} went on to version {} while it was copied under {}",
                        replica.chunk().number, replica.version().number, version.number)};
}

// With the rule that refuses older versions broken, nothing is compared.
WriteTag tag_for(const Replica& replica, Version version, const ServiceRules& rules) {
    return {replica.chunk(), rules.refuse_older ? version : Version(), FileId(), LeaseEpoch()};
}

}  // namespace

Task<Result<std::vector<uint32_t>>> Copier::find_differences(const Replica& replica,
                                                             Version version, Address source,
                                                             const std::vector<uint32_t>& skip,
                                                             CopyResult& result) {
    std::vector<uint32_t> different;
    const std::optional<ChunkInfo> info = store_.find(replica.chunk());
    if (!info)
        co_return Error(Code::replica_lost, "the chunk was removed while it was copied");
    const auto block_count = static_cast<uint32_t>(info->size / block_size);
    for (uint32_t first = 0; first < block_count; first += max_table_entries) {
        ReadTableRequest request;
        request.chunk = replica.chunk();
        request.version = version;
        request.first_block = first;
        request.block_count = std::min(max_table_entries, block_count - first);
        auto response = co_await ask(source, Method::read_table, encode(request),
                                     request.block_count * static_cast<uint32_t>(sizeof(uint64_t)));
        if (!response)
            co_return response.error();
        Result<ReadTableReply> theirs = decode<ReadTableReply>(response->body.view());
        if (!theirs)
            co_return theirs.error();
        // Read ours after theirs came: what a client writes from here on is guarded, not compared.
        Result<std::vector<BlockSum>> ours =
            co_await store_.table(replica.chunk(), first, request.block_count);
        if (!ours)
            co_return ours.error();
        if (theirs->checksums.size() != ours->size())
            co_return Error(Code::corrupt, "a table's answer does not fit its request");
        for (uint32_t i = 0; i < request.block_count; i++) {
            const uint32_t block = first + i;
            const BlockSum& sum = (*ours)[i];
            if ((sum.lost || sum.checksum != theirs->checksums[i]) &&
                !std::binary_search(skip.begin(), skip.end(), block) &&
                replica.copy_may_land(version, block, rules_))
                different.push_back(block);
        }
        result.blocks_compared += request.block_count;
    }
    co_return different;
}

Task<Result<rpc::Reply>> Copier::ask(Address source, Method method, Bytes body,
                                     uint32_t expected_reply) {
    rpc::CallOptions options;
    options.timeout = copy_timeout;
    options.expected_reply = expected_reply;
    co_return co_await peers_.to(source).call(method, std::move(body), rpc::Payload(), options);
}

std::vector<Copier::Run> Copier::runs_of(const CopyBlocksReply& reply) {
    std::vector<Run> runs;
    const auto add = [&runs](const std::vector<uint32_t>& blocks, bool zeros) {
        for (size_t i = 0; i < blocks.size(); i++) {
            if (i > 0 && blocks[i] == blocks[i - 1] + 1)
                runs.back().count++;
            else
                runs.push_back({blocks[i], 1, i, zeros});
        }
    };
    add(reply.blocks, false);
    add(reply.zeros, true);
    return runs;
}

// Whether it may land is asked once more in the step that makes it visible: a client may write
// while a copy waits for room.
Task<Result<void>> Copier::write_run(Replica& replica, Version version, Run run,
                                     const CopyBlocksReply& reply, const Buffer& payload) {
    const auto may_land = [&replica, version, this](uint32_t first, uint32_t count) {
        for (uint32_t block = first; block < first + count; block++) {
            if (!replica.copy_may_land(version, block, rules_))
                return false;
        }
        return true;
    };
    if (!may_land(run.first_block, run.count))
        co_return Error(Code::cancelled, "clients wrote since");
    if (run.zeros) {
        ChunkZeros zeros;
        zeros.tag = tag_for(replica, version, rules_);
        zeros.first_block = run.first_block;
        zeros.count = run.count;
        zeros.punch = true;
        zeros.may_land = may_land;
        co_return co_await store_.write_zeros(std::move(zeros));
    }
    ChunkWrite write;
    write.tag = tag_for(replica, version, rules_);
    write.first_block = run.first_block;
    write.data = payload.slice(run.at * block_size, size_t{run.count} * block_size);
    const auto sums = reply.checksums.begin() + static_cast<ptrdiff_t>(run.at);
    write.checksums.assign(sums, sums + run.count);
    write.may_land = may_land;
    co_return co_await store_.write(std::move(write));
}

// As one write, or, where clients wrote in between, block by block around what they wrote.
Task<void> Copier::land_run(Replica& replica, Version version, Run run,
                            const CopyBlocksReply& reply, const Buffer& payload, CopyResult& result,
                            Result<void>& outcome) {
    Result<void> written = co_await write_run(replica, version, run, reply, payload);
    if (written)
        result.blocks_copied += run.count;
    for (uint32_t i = 0; i < run.count && run.count > 1 && !written; i++) {
        if (written.code() != Code::cancelled)
            break;
        Result<void> one = co_await write_run(
            replica, version, Run{run.first_block + i, 1, run.at + i, run.zeros}, reply, payload);
        if (one)
            result.blocks_copied++;
        else
            written = one;
    }
    if (written)
        counters_.repair_wrote(run.zeros ? 0 : uint64_t{run.count} * block_size);
    if (!written && written.code() != Code::cancelled)
        outcome = written;
}

Task<Result<void>> Copier::land(Replica& replica, Version version, const CopyBlocksReply& reply,
                                const Buffer& payload, CopyResult& result) {
    if (payload.size() != reply.blocks.size() * block_size ||
        reply.checksums.size() != reply.blocks.size())
        co_return Error(Code::corrupt, "a copy's answer does not fit its request");
    Result<void> outcome;
    Scope writes(runtime_.loop);
    for (const Run& run : runs_of(reply))
        writes.spawn(land_run(replica, version, run, reply, payload, result, outcome));
    co_await writes.join();
    result.bad_at_source.insert(result.bad_at_source.end(), reply.bad.begin(), reply.bad.end());
    co_return outcome;
}

// The source may have no turn for it yet.
Task<Result<rpc::Reply>> Copier::fetch(const Replica& replica, Version version, Address source,
                                       const CopyBlocksRequest& request) {
    const auto expected = static_cast<uint32_t>(request.blocks.size() * (block_size + 64));
    while (true) {
        auto response = co_await ask(source, Method::copy_blocks, encode(request), expected);
        if (response || response.code() != Code::retry || replica.version() != version)
            co_return response;
        co_await Sleep(runtime_.loop, between_tries);
    }
}

Task<void> Copier::copy_batch(std::shared_ptr<Replica> replica, Version version, Address source,
                              std::vector<uint32_t> blocks, CopyResult& result,
                              Result<void>& outcome) {
    CopyBlocksRequest request;
    request.chunk = replica->chunk();
    request.version = version;
    request.blocks = std::move(blocks);
    request.urgent = turns_ == nullptr;
    bool came = turns_ == nullptr;
    while (!came) {
        came = co_await turns_->wait(request.blocks.size() * block_size,
                                     runtime_.loop.now() + look_again);
        if (replica->version() != version)
            co_return;
    }
    auto response = co_await fetch(*replica, version, source, request);
    if (!response) {
        outcome = response.error();
        co_return;
    }
    Result<CopyBlocksReply> reply = decode<CopyBlocksReply>(response->body.view());
    if (!reply) {
        outcome = reply.error();
        co_return;
    }
    Result<void> landed = co_await land(*replica, version, *reply, response->payload, result);
    if (!landed)
        outcome = landed;
}

Task<Result<CopyResult>> Copier::copy_these(std::shared_ptr<Replica> replica, Version version,
                                            Address source, std::vector<uint32_t> blocks) {
    CopyResult result;
    Result<void> outcome;
    size_t at = 0;
    while (at < blocks.size() && outcome) {
        if (replica->version() != version && rules_.refuse_older)
            co_return superseded(*replica, version);
        const size_t at_once =
            turns_ == nullptr ? max_blocks_per_request : turns_->at_once() / block_size;
        Scope batches(runtime_.loop);
        for (size_t i = 0; i < batches_in_flight && at < blocks.size(); i++) {
            const size_t count = std::min(at_once, blocks.size() - at);
            std::vector<uint32_t> batch(blocks.begin() + static_cast<ptrdiff_t>(at),
                                        blocks.begin() + static_cast<ptrdiff_t>(at + count));
            batches.spawn(copy_batch(replica, version, source, std::move(batch), result, outcome));
            at += count;
        }
        co_await batches.join();
    }
    if (!outcome)
        co_return outcome.error();
    if (replica->version() != version && rules_.refuse_older)
        co_return superseded(*replica, version);
    std::sort(result.bad_at_source.begin(), result.bad_at_source.end());
    co_return result;
}

Task<Result<CopyResult>> Copier::copy_chunk(std::shared_ptr<Replica> replica, Version version,
                                            Address source, std::vector<uint32_t> skip) {
    CopyResult compared;
    auto different = co_await find_differences(*replica, version, source, skip, compared);
    if (!different)
        co_return different.error();
    auto copied = co_await copy_these(replica, version, source, std::move(*different));
    if (!copied)
        co_return copied.error();
    copied->blocks_compared = compared.blocks_compared;
    co_return copied;
}

Task<Result<void>> Copier::check_what_was_left(std::shared_ptr<Replica> replica,
                                               uint64_t failed_before) {
    co_await replica->running.drain();
    if (replica->failed_writes() != failed_before)
        co_return Error(Code::retry,
                        fmt::format("a client's write of chunk {} failed here while it was copied",
                                    replica->chunk().number));
    co_return Result<void>();
}

}  // namespace cairn::chunk
