// get-event: the cluster's event log.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "wire/status_messages.h"

namespace cairn::cli {

namespace {

struct Options {
    uint32_t limit = 1000;
};

Task<Result<void>> get_on(ClusterConnection& cluster, Options options) {
    GetEventsRequest request;
    request.limit = options.limit;
    auto reply = co_await cluster.master().call<EventsReply>(Method::get_events, request);
    if (!reply)
        co_return reply.error();
    if (cluster.context().json) {
        nlohmann::json list = nlohmann::json::array();
        for (const ShownEvent& event : reply->events) {
            list.push_back({{"time", event_time_text(event.time)},
                            {"unix_nanoseconds", event.time.nanoseconds},
                            {"system", event.system},
                            {"severity", event.severity},
                            {"message", event.text}});
        }
        print_json(list);
        co_return Result<void>();
    }
    fmt::print("TIME              SYS SEV MESSAGE\n");
    for (const ShownEvent& event : reply->events)
        fmt::print("{} {} {} {}\n", event_time_text(event.time), event.system, event.severity,
                   event.text);
    co_return Result<void>();
}

}  // namespace

void add_get_event(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("get-event", "Show the cluster's event log");
    command->add_option("-n", options->limit, "So many of the newest")
        ->type_name("COUNT")
        ->capture_default_str()
        ->check(CLI::Range(1, 10'000));
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return with_cluster(context, [options = *options](ClusterConnection& cluster) {
                return get_on(cluster, options);
            });
        };
    });
}

}  // namespace cairn::cli
