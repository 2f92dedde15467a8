// rm-cs: takes a chunk server out of its cluster, after what it holds was made on others, and off
// the list of this host's services.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/status_json.h"
#include "cli/vstorage/units.h"
#include "runtime/real/terminal.h"
#include "wire/status_messages.h"

namespace cairn::cli {

namespace {

struct Options {
    uint32_t id = 0;
    bool wait = false;
    bool force = false;
    bool cancel = false;
};

constexpr Duration poll_interval = seconds(1);
constexpr Duration report_interval = seconds(10);

using Reply = Result<RemoveCsReply>;

Task<Reply> ask(ClusterConnection& cluster, CsId cs, CsRemoval removal, bool accept_loss) {
    RemoveCsRequest request;
    request.cs = cs;
    request.removal = removal;
    request.accept_loss = accept_loss;
    co_return co_await cluster.master().call<RemoveCsReply>(Method::remove_cs, request);
}

// Shows how far it is whenever that is news: at once what was asked for first, then now and then.
class Progress {
  public:
    Progress(CsId cs, bool quiet) : cs_(cs), quiet_(quiet) {}

    void show(const ClusterStatusReply& status, uint32_t left, Instant now) {
        if (quiet_ || (shown_ && (left == left_ || now - at_ < report_interval)))
            return;
        fmt::print("CS#{}: {} replicas left", cs_.number, left);
        const std::string recovery = recovery_text(status);
        fmt::print("{}{}\n", recovery.empty() ? "" : "; ", recovery);
        std::fflush(stdout);
        shown_ = true;
        left_ = left;
        at_ = now;
    }

  private:
    CsId cs_;
    bool quiet_;
    bool shown_ = false;
    uint32_t left_ = 0;
    Instant at_;
};

// Until the cluster knows it no more.
Task<Result<void>> wait_until_gone(ClusterConnection& cluster, CsId cs) {
    const CommandContext& context = cluster.context();
    Progress progress(cs, context.json);
    while (true) {
        auto status = co_await cluster.master().call<ClusterStatusReply>(Method::get_status,
                                                                         GetStatusRequest{});
        if (!status)
            co_return status.error();
        const auto at = std::ranges::find(status->chunk_servers, cs, &CsStatus::cs);
        if (at == status->chunk_servers.end())
            co_return Result<void>();
        if (!at->removal)
            co_return Error(Code::cancelled,
                            fmt::format("the removal of CS#{} was cancelled", cs.number));
        const Instant now = context.runtime.loop.now();
        progress.show(*status, at->replicas, now);
        const bool stop = co_await context.stop.wait_until(now + poll_interval);
        if (stop)
            co_return Error(Code::cancelled,
                            fmt::format("not waited to the end; the removal of CS#{} goes on, and "
                                        "'rm-cs --cancel {}' ends it",
                                        cs.number, cs.number));
    }
}

void print_removed(const CommandContext& context, CsId cs, const std::optional<Service>& service) {
    if (context.json) {
        nlohmann::json result = {{"removed_cs", cs.number}};
        if (service)
            result["repository"] = service->repository;
        print_json(result);
    } else if (!service) {
        fmt::print(
            "CS#{} is removed; where it was made, the same command takes it off the list of "
            "services\n",
            cs.number);
    } else {
        fmt::print("CS#{} is removed; its repository {} can be deleted\n", cs.number,
                   service->repository);
    }
}

Task<Result<void>> forget_here(ClusterConnection& cluster, CsId cs) {
    auto here = co_await forget_service(cluster, ServiceKind::cs, cs.number);
    if (!here)
        co_return here.error();
    print_removed(cluster.context(), cs, *here);
    co_return Result<void>();
}

bool asked_and_agreed(CsId cs, uint64_t unique) {
    fmt::print(stderr,
               "{} chunks have their only replica on CS#{}: their data will be lost for ever.\n"
               "Forget it? Type yes: ",
               unique, cs.number);
    const Result<std::string> line = real::read_input_line();
    return line && *line == "yes";
}

Task<Result<void>> force(ClusterConnection& cluster, CsId cs, Options options) {
    Reply reply = co_await ask(cluster, cs, CsRemoval::force, false);
    if (!reply)
        co_return reply.error();
    if (reply->refused) {
        if (!asked_and_agreed(cs, reply->unique))
            co_return Error(Code::cancelled,
                            fmt::format("nothing was done; bring the disk of CS#{} back, or answer "
                                        "yes",
                                        cs.number));
        reply = co_await ask(cluster, cs, CsRemoval::force, true);
        if (!reply)
            co_return reply.error();
    }
    // What only it held stays known as lost until its files are deleted.
    if (options.wait && reply->unique == 0)
        CO_TRY(co_await wait_until_gone(cluster, cs));
    if (reply->unique > 0 && !cluster.context().json)
        fmt::print("{} chunks are lost; it is listed as dropped until their files are deleted\n",
                   reply->unique);
    co_return co_await forget_here(cluster, cs);
}

Task<Result<void>> drain(ClusterConnection& cluster, CsId cs, Options options) {
    Reply reply = co_await ask(cluster, cs, CsRemoval::drain, false);
    if (!reply && reply.code() == Code::not_found) {
        // It may have been removed before, from another host.
        auto here = co_await forget_service(cluster, ServiceKind::cs, cs.number);
        if (here && *here) {
            print_removed(cluster.context(), cs, *here);
            co_return Result<void>();
        }
    }
    if (!reply)
        co_return reply.error();
    if (options.wait) {
        CO_TRY(co_await wait_until_gone(cluster, cs));
        co_return co_await forget_here(cluster, cs);
    }
    if (cluster.context().json)
        print_json({{"removing_cs", cs.number}, {"replicas", reply->replicas}});
    else
        fmt::print(
            "CS#{} is being removed, {} replicas are left; 'rm-cs --wait {}' waits for the end, "
            "'rm-cs --cancel {}' calls it off\n",
            cs.number, reply->replicas, cs.number, cs.number);
    co_return Result<void>();
}

Task<Result<void>> rm_cs_on(ClusterConnection& cluster, Options options) {
    const CsId cs(options.id);
    if (options.force)
        co_return co_await force(cluster, cs, options);
    if (!options.cancel)
        co_return co_await drain(cluster, cs, options);
    Reply reply = co_await ask(cluster, cs, CsRemoval::cancel, false);
    if (!reply)
        co_return reply.error();
    if (cluster.context().json)
        print_json({{"kept_cs", cs.number}});
    else
        fmt::print("CS#{} stays\n", cs.number);
    co_return Result<void>();
}

}  // namespace

void add_rm_cs(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("rm-cs", "Remove a chunk server from its cluster");
    command->add_option("ID", options->id, "Its number, as stat shows it")
        ->required()
        ->check(CLI::Range(1U, UINT32_MAX));
    command->add_flag("--wait", options->wait, "Come back when it is done, and tell how far it is");
    auto* cancel = command->add_flag("--cancel", options->cancel, "Call a removal off");
    command->add_flag("-f", options->force, "It is lost for ever: do not wait for what it holds")
        ->excludes(cancel);
    command->footer(
        "What it holds is made on other chunk servers first; meanwhile it goes on serving.\n"
        "With -f it must not be running, and where data would be lost you are asked.");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return with_cluster(context, [options = *options](ClusterConnection& cluster) {
                return rm_cs_on(cluster, options);
            });
        };
    });
}

}  // namespace cairn::cli
