#include "meta/node/log_recovery.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/size.h"
#include "journal/direct_io.h"
#include "meta/node/repository_files.h"

namespace cairn::meta {

namespace {

struct SegmentFile {
    std::string path;
    SegmentHeader header;
    std::unique_ptr<File> file;
};

Task<Result<SegmentFile>> open_segment(Runtime& runtime, std::string path, uint64_t number,
                                       LogOwner owner) {
    auto file = co_await runtime.disk.open(path, {.caching = Caching::direct});
    if (!file)
        co_return file.error();
    Result<uint64_t> size = (*file)->size();
    if (!size)
        co_return size.error();
    if (*size < 2 * uint64_t{block_size} || *size % block_size != 0)
        co_return Error(Code::corrupt, fmt::format("its size, {}, is impossible", *size));
    Buffer block = Buffer::allocate(block_size);
    CO_TRY(co_await journal::read_blocks(**file, 0, block.mutable_view()));
    Result<SegmentHeader> header = decode_segment_header(block.view(), owner);
    if (!header)
        co_return header.error();
    if (header->number != number || header->size != *size)
        co_return Error(Code::corrupt,
                        fmt::format("it says that it is segment {} of {} bytes", header->number,
                                    header->size));
    co_return SegmentFile{std::move(path), *header, std::move(*file)};
}

// Takes the groups of one segment into what was recovered so far.
Result<void> add_groups(RecoveredLog& log, RecoveredSegment& segment, SegmentContent content) {
    segment.has_groups = !content.groups.empty();
    for (LogGroup& group : content.groups) {
        log.hard_state = group.hard_state;
        if (group.snapshot) {
            log.entries.clear();
            log.made_current = std::move(group.snapshot);
        }
        if (group.entries.empty())
            continue;
        const LogIndex first = group.entries.front().index;
        while (!log.entries.empty() && log.entries.back().index >= first)
            log.entries.pop_back();
        if (!log.entries.empty() && log.entries.back().index.next() != first)
            return Error(Code::corrupt, fmt::format("group {} begins with entry {}, but the log "
                                                    "ended with {}",
                                                    group.sequence, first.number,
                                                    log.entries.back().index.number));
        segment.highest = std::max(segment.highest, group.entries.back().index);
        std::ranges::move(group.entries, std::back_inserter(log.entries));
    }
    log.next_sequence = content.next_sequence;
    log.next_chain = content.next_chain;
    log.torn = content.torn;
    return {};
}

Task<Result<void>> read_into(RecoveredLog& log, SegmentFile& segment,
                             std::optional<LogSequence> until, LogStoreRules rules) {
    const SegmentHeader& header = segment.header;
    const bool first = log.segments.empty();
    if (!first && (header.first_sequence != log.next_sequence ||
                   header.first_chain != log.next_chain))
        co_return Error(Code::corrupt, "it does not follow the segment before it");
    if (first)
        log.hard_state = header.hard_state;
    Buffer bytes = Buffer::allocate(header.size);
    CO_TRY(co_await journal::read_blocks(*segment.file, 0, bytes.mutable_view()));
    Result<SegmentContent> content = read_segment(bytes.view(), header, until, rules);
    if (!content)
        co_return content.error();
    log.segments.push_back({.number = header.number, .size = header.size});
    co_return add_groups(log, log.segments.back(), std::move(*content));
}

}  // namespace

Task<Result<RecoveredLog>> recover_log(Runtime& runtime, std::string directory, LogOwner owner,
                                       std::vector<uint64_t> numbers, LogStoreRules rules) {
    if (numbers.empty())
        co_return Error(Code::corrupt, directory + ": the log is missing");
    std::vector<SegmentFile> files;
    for (const uint64_t number : numbers) {
        const std::string path = directory + "/" + log_file_name(number);
        if (number != numbers.front() + files.size())
            co_return Error(Code::corrupt,
                            fmt::format("{}: the segment before it is missing", path));
        Result<SegmentFile> file = co_await open_segment(runtime, path, number, owner);
        if (!file)
            co_return file.error().with_context(path);
        files.push_back(std::move(*file));
    }
    RecoveredLog log;
    for (size_t i = 0; i < files.size(); i++) {
        std::optional<LogSequence> until;
        if (i + 1 < files.size())
            until = files[i + 1].header.first_sequence;
        Result<void> read = co_await read_into(log, files[i], until, rules);
        if (!read)
            co_return read.error().with_context(files[i].path);
    }
    co_return log;
}

}  // namespace cairn::meta
