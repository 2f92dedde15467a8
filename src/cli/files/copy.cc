#include "cli/files/copy.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/size.h"
#include "cli/print.h"
#include "runtime/real/terminal.h"

namespace cairn::cli {

namespace {

constexpr uint64_t piece_size = 1 * mib;
constexpr int pieces_in_flight = 8;

struct Copy {
    CommandContext context;
    Direction direction;
    std::shared_ptr<client::OpenFile> remote;
    File& local;
    uint64_t size = 0;
    uint64_t next = 0;  // begins the next piece
    uint64_t done = 0;  // bytes
    Result<void> outcome;
};

bool is_zero(ByteView bytes) {
    return bytes.empty() || (bytes[0] == std::byte{0} &&
                             std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

Task<Result<void>> copy_piece(Copy& copy, uint64_t offset, uint64_t length) {
    if (copy.direction == Direction::into_cluster) {
        Buffer content = Buffer::allocate(length);
        CO_TRY(co_await read_exact(copy.local, offset, content.mutable_view()));
        if (is_zero(content.view()))
            co_return Result<void>();
        co_return co_await copy.remote->write(offset, std::move(content));
    }
    Result<Buffer> content = co_await copy.remote->read(offset, length);
    if (!content)
        co_return content.error();
    if (is_zero(content->view()))
        co_return Result<void>();
    co_return co_await write_all(copy.local, offset, content->view());
}

Task<void> work(Copy& copy) {
    while (copy.next < copy.size && copy.outcome) {
        if (copy.context.stop.is_set()) {
            copy.outcome = Error(Code::cancelled, "stopped before it was complete");
            break;
        }
        const uint64_t offset = copy.next;
        const uint64_t length = std::min(piece_size, copy.size - offset);
        copy.next += length;
        Result<void> copied = co_await copy_piece(copy, offset, length);
        if (!copied && copy.outcome)
            copy.outcome = copied;
        copy.done += length;
    }
}

void print_progress(const Copy& copy, Duration since) {
    const auto rate =
        static_cast<uint64_t>(static_cast<unsigned __int128>(copy.done) * 1000 /
                              static_cast<uint64_t>(std::max<int64_t>(since.milliseconds(), 1)));
    const uint64_t percent = copy.size == 0 ? 100 : copy.done / std::max(copy.size / 100, 1UL);
    fmt::print(stderr, "\r{:>3}%  {} of {}, {}/s    ", std::min<uint64_t>(percent, 100),
               size_text(copy.done), size_text(copy.size), size_text(rate));
    std::fflush(stderr);
}

Task<void> show_progress(Copy& copy, Event& ended) {
    Loop& loop = copy.context.runtime.loop;
    const Instant begun = loop.now();
    bool shown = false;
    while (true) {
        const bool stop = co_await ended.wait_until(loop.now() + seconds(1));
        if (stop)
            break;
        print_progress(copy, loop.now() - begun);
        shown = true;
    }
    if (shown)
        fmt::print(stderr, "\n");
}

}  // namespace

Task<Result<void>> copy_content(CommandContext context, Direction direction,
                                std::shared_ptr<client::OpenFile> remote, File& local,
                                uint64_t size) {
    Copy copy{.context = context,
              .direction = direction,
              .remote = std::move(remote),
              .local = local,
              .size = size,
              .outcome = {}};
    Event ended(context.runtime.loop);
    Scope watching(context.runtime.loop);
    if (!context.json && real::errors_are_watched())
        watching.spawn(show_progress(copy, ended));
    Scope working(context.runtime.loop);
    for (int i = 0; i < pieces_in_flight; i++)
        working.spawn(work(copy));
    co_await working.join();
    ended.set();
    co_await watching.join();
    co_return copy.outcome;
}

void print_copied(const CommandContext& context, const std::string& from, const std::string& to,
                  uint64_t size, Duration taken) {
    if (context.json) {
        print_json(
            {{"from", from}, {"to", to}, {"bytes", size}, {"milliseconds", taken.milliseconds()}});
        return;
    }
    fmt::print("{} -> {}: {} in {}.{} s\n", from, to, size_text(size), taken.seconds(),
               taken.milliseconds() % 1000 / 100);
}

}  // namespace cairn::cli
