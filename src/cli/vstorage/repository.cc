#include "cli/vstorage/repository.h"

#include <fmt/core.h>

namespace cairn::cli {

Task<Result<void>> check_new_directory(CommandContext context, std::string path) {
    auto entries = co_await context.runtime.disk.list(path);
    if (!entries && entries.code() == Code::not_found)
        co_return Result<void>();
    if (!entries)
        co_return entries.error();
    if (entries->empty() || (entries->size() == 1 && entries->front().name == "lost+found"))
        co_return Result<void>();
    co_return Error(Code::not_empty, fmt::format("{} is not empty: name a directory that is empty "
                                                 "or does not exist yet",
                                                 path));
}

Result<void> check_free_address(CommandContext& context, const Address& address) {
    auto listener = context.runtime.network.listen(address);
    if (!listener && listener.code() == Code::busy)
        return Error(Code::busy,
                     fmt::format("{} is in use by another program: choose another port with -a, or "
                                 "stop that program (ss -ltnp shows it)",
                                 to_string(address)));
    if (!listener)
        return listener.error().with_context(fmt::format(
            "cannot listen at {}, which must be an address of this host", to_string(address)));
    return {};
}

std::string start_hint(const CommandContext& context, const std::string& kind,
                       const std::string& cluster, const std::string& repository) {
    if (context.root.empty())
        return fmt::format(
            "start it with: systemctl daemon-reload; systemctl start vstorage-{}d.target", kind);
    return fmt::format("start it with: {}d -c {} -r {}", kind, cluster, repository);
}

}  // namespace cairn::cli
