// get-config and set-config: the parameters of the cluster.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "meta/catalogue/settings.h"
#include "wire/status_messages.h"

namespace cairn::cli {

namespace {

struct Options {
    std::vector<std::string> settings;
};

Task<Result<void>> get_on(ClusterConnection& cluster, std::string name) {
    GetConfigRequest request;
    request.name = std::move(name);
    auto reply = co_await cluster.master().call<ConfigReply>(Method::get_config, request);
    if (!reply)
        co_return reply.error();
    nlohmann::json values = nlohmann::json::object();
    for (const auto& [key, value] : reply->values) {
        values[key] = value;
        if (!cluster.context().json)
            fmt::print("{}={}\n", key, value);
    }
    if (cluster.context().json)
        print_json(values);
    co_return Result<void>();
}

Task<Result<void>> set_on(ClusterConnection& cluster, std::vector<SetConfigRequest> requests) {
    nlohmann::json values = nlohmann::json::object();
    for (const SetConfigRequest& request : requests) {
        auto reply = co_await cluster.master().call<EmptyReply>(Method::set_config, request);
        if (!reply)
            co_return reply.error();
        values[request.name] = request.value;
    }
    if (cluster.context().json)
        print_json(values);
    co_return Result<void>();
}

Task<Result<void>> set_config(CommandContext context, Options options) {
    std::vector<SetConfigRequest> requests;
    for (const std::string& text : options.settings) {
        const size_t equals = text.find('=');
        if (equals == std::string::npos)
            co_return Error(Code::invalid_argument,
                            fmt::format("'{}' sets nothing: write NAME=VALUE", text));
        requests.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    co_return co_await with_cluster(
        context, [requests](ClusterConnection& cluster) { return set_on(cluster, requests); });
}

Task<Result<void>> get_config(CommandContext context, Options options) {
    const std::string name = options.settings.empty() ? "" : options.settings.front();
    co_return co_await with_cluster(
        context, [name](ClusterConnection& cluster) { return get_on(cluster, name); });
}

std::string known_parameters() {
    std::string text = "Parameters, and their values in a new cluster:";
    for (const auto& [name, value] : meta::Settings().all())
        text += fmt::format("\n  {}={}", name, value);
    return text;
}

}  // namespace

void add_configuration(CLI::App& app, Invocation& invocation) {
    auto get = std::make_shared<Options>();
    CLI::App* get_command = app.add_subcommand("get-config", "Show the cluster's parameters");
    get_command->add_option("NAME", get->settings, "One parameter only")->expected(0, 1);
    get_command->footer(known_parameters());
    get_command->callback([get, &invocation] {
        invocation.run = [get](CommandContext context) {
            return get_config(context, *get);
        };
    });

    auto set = std::make_shared<Options>();
    CLI::App* set_command = app.add_subcommand("set-config", "Change the cluster's parameters");
    set_command->add_option("NAME=VALUE", set->settings, "Parameters")->required();
    set_command->footer(known_parameters() + "\nA time is written as 300, 300s or 5min.");
    set_command->callback([set, &invocation] {
        invocation.run = [set](CommandContext context) {
            return set_config(context, *set);
        };
    });
}

}  // namespace cairn::cli
