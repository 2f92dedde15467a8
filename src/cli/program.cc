#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>

#include "base/version.h"
#include "cli/suggest.h"
#include "wire/frame.h"

namespace cairn::cli {

namespace {

constexpr int usage_error = 2;

// The library's layout, without what is for its own developers: "-t TIER:INT in [0 - 3]" is
// "-t TIER", and what is required says so in its description.
class HelpFormatter final : public CLI::Formatter {
  public:
    HelpFormatter() { column_width(26); }

    std::string make_option_opts(const CLI::Option* option) const override {
        const bool many = option->get_expected_max() == CLI::detail::expected_max_vector_size;
        if (option->get_positional())
            return many ? " ..." : "";
        const std::string type = option->get_type_name();
        if (option->get_type_size() == 0 || type.empty())
            return "";
        return " " + type.substr(0, end_of_name(type)) + (many ? " ..." : "");
    }

    std::string make_option_desc(const CLI::Option* option) const override {
        std::string text = option->get_description();
        if (!option->get_default_str().empty())
            text += fmt::format(" (default: {})", option->get_default_str());
        if (option->get_required() && !option->get_positional())
            text += " (required)";
        return text;
    }

    std::string make_footer(const CLI::App* app) const override {
        std::string text = app->get_footer();
        const CLI::App* program = app->get_parent();
        while (program != nullptr && program->get_parent() != nullptr)
            program = program->get_parent();
        if (program != nullptr && app->get_subcommands({}).empty())
            text += fmt::format("{}Every command takes -c CLUSTER and --json: see '{} --help'.",
                                text.size() > 1 ? "\n" : "", program->get_name());
        return text.size() > 1 ? text + "\n" : "";
    }

  private:
    // Before what the library knows of the values: the first colon outside of brackets.
    static size_t end_of_name(const std::string& type) {
        int depth = 0;
        for (size_t i = 0; i < type.size(); i++) {
            depth += type[i] == '[' ? 1 : type[i] == ']' ? -1 : 0;
            if (type[i] == ':' && depth == 0)
                return i;
        }
        return type.size();
    }
};

CLI::App& deepest_command(CLI::App& app) {
    CLI::App* command = &app;
    while (!command->get_subcommands().empty())
        command = command->get_subcommands().front();
    return *command;
}

std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) {
        if (!command->get_group().empty())
            names.push_back(command->get_name());
    }
    return names;
}

std::vector<std::string> options_of(const CLI::App* app) {
    std::vector<std::string> names;
    for (; app != nullptr; app = app->get_parent()) {
        for (const CLI::Option* option : app->get_options()) {
            for (const std::string& name : option->get_lnames())
                names.push_back("--" + name);
        }
    }
    return names;
}

// What is wrong with the command line, by the first word that has no place in it if there is one:
// what is missing behind it is then missing because of it.
std::string explain(CLI::App& app, const CLI::ParseError& error) {
    const CLI::App& command = deepest_command(app);
    const std::vector<std::string> unexpected = app.remaining(true);
    if (unexpected.empty())
        return error.get_name() == "RequiredError" && !commands_of(command).empty()
                   ? "a command is missing"
                   : error.what();
    const std::string& word = unexpected.front();
    const std::vector<std::string> commands = commands_of(command);
    std::string meant;
    std::string text = fmt::format("'{}' is one argument too many", word);
    if (word.starts_with('-') && word.size() > 1) {
        text = fmt::format("there is no option '{}'", word);
        meant = closest(word.substr(0, word.find('=')), options_of(&command));
    } else if (!commands.empty()) {
        text = fmt::format("there is no command '{}'", word);
        meant = closest(word, commands);
    }
    return meant.empty() ? text : fmt::format("{}; did you mean '{}'?", text, meant);
}

}  // namespace

std::string version_text() {
    return fmt::format("Cairn {}, protocol {}", program_version, protocol_version_max);
}

void add_help_and_version(CLI::App& app) {
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_help_flag("-h,--help", "Print this help");
    app.set_version_flag("--version", version_text(), "Print the version");
}

void add_common_options(CLI::App& app, Invocation& invocation) {
    add_help_and_version(app);
    app.fallthrough();
    app.require_subcommand(1);
    app.add_option("-c", invocation.cluster, "Name of the cluster, where more than one is known")
        ->type_name("CLUSTER");
    app.add_flag("--json", invocation.json, "Print JSON");
}

std::optional<int> parse(CLI::App& app, int count, const char* const* arguments) {
    try {
        app.parse(count, arguments);
        return std::nullopt;
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0)
            return app.exit(error);
        fmt::print(stderr, "{}: {}\n\n{}", app.get_name(), explain(app, error), app.help());
        return usage_error;
    }
}

Task<int> run_command(std::string program, Invocation invocation, CommandContext context) {
    Result<void> done = co_await invocation.run(context);
    std::fflush(stdout);
    if (done)
        co_return EXIT_SUCCESS;
    std::string text = done.error().message();
    std::replace(text.begin(), text.end(), '\n', ' ');
    fmt::print(stderr, "{}: {}\n", program, text);
    co_return EXIT_FAILURE;
}

}  // namespace cairn::cli
