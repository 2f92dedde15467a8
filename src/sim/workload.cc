#include "sim/workload.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::sim {

Task<void> Workload::operate(std::shared_ptr<client::OpenFile> file, uint64_t number, bool writes) {
    for (uint32_t i = 0; i < options_.work.operations_per_open && !state_.stop; i++) {
        const uint64_t dice = runtime_.random.below(10);
        bool fine = true;
        if (writes && dice == 4 && options_.work.trims) {
            const uint64_t count = 1 + runtime_.random.below(3);
            const uint64_t block = runtime_.random.below(options_.blocks_per_file - count);
            const bool punch = runtime_.random.below(2) == 0;
            fine = (co_await recorder_.trim(*file, number, block, count, punch)).has_value();
        } else if (writes && dice < 5) {
            const uint64_t count = 1 + runtime_.random.below(3);
            const uint64_t block = runtime_.random.below(options_.blocks_per_file - count);
            const auto until = dice == 0 ? client::WriteUntil::durable : client::WriteUntil::held;
            fine = (co_await recorder_.write(*file, number, block, count, until)).has_value();
        } else if (writes && dice < 7) {
            fine = (co_await recorder_.flush(*file, number)).has_value();
        } else {
            const uint64_t count = 1 + runtime_.random.below(4);
            const uint64_t block = runtime_.random.below(options_.blocks_per_file - count);
            fine = (co_await recorder_.read(*file, number, block, count)).has_value();
        }
        if (!fine)
            co_return;
        const auto pause = static_cast<int64_t>(
            runtime_.random.below(static_cast<uint64_t>(options_.work.pause_max.nanoseconds)));
        co_await Sleep(runtime_.loop, {pause});
    }
}

// Nobody else knows the name: only a request that was done twice finds it there, or gone.
void Workload::expect_done(std::string_view what, const std::string& path,
                           const Result<void>& done) {
    if (!done && (done.code() == Code::already_exists || done.code() == Code::not_found))
        state_.failure =
            fmt::format("{} {} was done twice: {}", what, path, done.error().message());
}

Task<void> Workload::change_the_tree() {
    const std::string path = fmt::format("/made{}", ++state_.names);
    const std::string renamed = path + "renamed";
    auto made = co_await client_.make_node(path, NodeKind::directory, 0755, std::nullopt);
    expect_done("making", path, made ? Result<void>() : made.error());
    if (!made)
        co_return;
    Result<void> moved = co_await client_.rename(path, renamed);
    expect_done("renaming", path, moved);
    if (!moved)
        co_return;
    Result<void> gone = co_await client_.remove(renamed);
    expect_done("removing", renamed, gone);
}

Task<void> Workload::use_one_file() {
    if (runtime_.random.below(4) == 0)
        co_await change_the_tree();
    const std::string path = options_.paths[runtime_.random.below(options_.paths.size())];
    Result<NodeAttributes> node = co_await client_.look_up(path);
    if (!node)
        co_return;
    const bool writes = runtime_.random.below(10) < 7;
    auto file =
        co_await client_.open(node->file, writes ? LeaseMode::exclusive : LeaseMode::shared);
    if (!file) {
        co_await Sleep(runtime_.loop, milliseconds(200));
        co_return;
    }
    const uint64_t opening = recorder_.opened(**file);
    {
        Scope tasks(runtime_.loop);
        for (uint32_t i = 0; i < options_.work.tasks; i++)
            tasks.spawn(operate(*file, opening, writes));
        co_await tasks.join();
    }
    static_cast<void>(co_await recorder_.close(client_, *file, opening));
}

Task<void> Workload::run() {
    Result<void> started = co_await client_.start();
    while (started && !state_.stop)
        co_await use_one_file();
    co_await client_.stop();
}

Task<void> Workload::read_everything() {
    Result<void> started = co_await client_.start();
    for (const std::string& path : options_.paths) {
        Result<NodeAttributes> node = started ? co_await client_.look_up(path) : started.error();
        if (!node) {
            state_.failure = path + ": " + node.error().message();
            break;
        }
        auto file = co_await client_.open(node->file, LeaseMode::shared);
        // A lease of a client that is gone runs out in time.
        for (int attempt = 0; attempt < 60 && !file && file.code() == Code::busy; attempt++) {
            co_await Sleep(runtime_.loop, seconds(1));
            file = co_await client_.open(node->file, LeaseMode::shared);
        }
        if (!file) {
            state_.failure = path + ": " + file.error().message();
            break;
        }
        const uint64_t opening = recorder_.opened(**file);
        for (uint64_t block = 0; block < options_.blocks_per_file; block += 8) {
            auto value = co_await recorder_.read(
                **file, opening, block, std::min<uint64_t>(8, options_.blocks_per_file - block));
            if (!value)
                break;
        }
        static_cast<void>(co_await client_.close(*file));
    }
    co_await client_.stop();
}

}  // namespace cairn::sim
