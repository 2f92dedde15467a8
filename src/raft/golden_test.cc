// Stories in golden/*.txt: a command after ">", and below it what came of it.
// CAIRN_REWRITE_GOLDEN=1 writes down what comes of them now; read the difference before you commit
// it.
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "raft/describe.h"
#include "raft/test_cluster.h"

namespace cairn::raft {
namespace {

std::filesystem::path golden_folder() {
    return std::filesystem::path(__FILE__).parent_path() / "golden";
}

class Script {
  public:
    Script() {
        config_.seed = 7;
        cluster_.set_trace([this](const std::string& line) { say(line); });
    }

    std::string run(const std::string& line) {
        output_.clear();
        std::istringstream words(line);
        std::string word;
        words >> word;
        const bool quiet = word == "quietly";
        if (quiet)
            words >> word;
        if (!run_setup(word, words) && !run_network(word, words) && !run_server(word, words))
            say("unknown command: " + word);
        if (quiet)
            output_.clear();
        cluster_.watch_all_logs();
        if (!cluster_.violation().empty() && !violated_) {
            violated_ = true;
            say("VIOLATION " + cluster_.violation());
        }
        return output_;
    }

  private:
    void say(const std::string& line) { output_ += line + "\n"; }

    static MdsId next_id(std::istringstream& words) {
        uint32_t number = 0;
        words >> number;
        return MdsId(number);
    }
    static uint64_t next_number(std::istringstream& words, uint64_t otherwise = 0) {
        uint64_t number = 0;
        return words >> number ? number : otherwise;
    }

    bool run_setup(const std::string& command, std::istringstream& words) {
        if (command == "break") {
            std::string name;
            words >> name;
            for (const RuleName& rule : rule_list())
                if (rule.name == name)
                    config_.rules.*rule.rule = false;
        } else if (command == "config") {
            std::string name;
            words >> name;
            const uint64_t value = next_number(words);
            if (name == "message_bytes_max")
                config_.message_bytes_max = value;
            else if (name == "inflight_messages_max")
                config_.inflight_messages_max = static_cast<uint32_t>(value);
            else if (name == "uncommitted_bytes_max")
                config_.uncommitted_bytes_max = value;
            else if (name == "entry_bytes_max")
                config_.entry_bytes_max = value;
            else
                say("unknown setting: " + name);
        } else if (command == "servers") {
            const uint64_t voters = next_number(words);
            cluster_.add_first(voters, next_number(words), config_);
        } else if (command == "join") {
            config_.id = next_id(words);
            cluster_.add(config_, Restored{});
        } else {
            return false;
        }
        return true;
    }

    bool passes(MdsId from, MdsId to) const {
        if (island_.contains(to) != island_.contains(from))
            return false;
        return !cut_off_.contains({from, to});
    }

    bool run_network(const std::string& command, std::istringstream& words) {
        if (command == "cut") {  // these servers see each other and nobody else
            for (MdsId id = next_id(words); !id.is_none(); id = next_id(words))
                island_.insert(id);
        } else if (command == "block") {
            const MdsId from = next_id(words);
            cut_off_.insert({from, next_id(words)});
        } else if (command == "heal") {
            island_.clear();
            cut_off_.clear();
        } else if (command == "stabilize") {
            cluster_.stabilize([this](MdsId from, MdsId to) { return passes(from, to); });
        } else if (command ==
                   "deliver") {  // what is in flight to one server now, perhaps only from one
            const MdsId to = next_id(words);
            deliver(to, next_id(words));
        } else if (command == "lose") {
            say(fmt::format("{} messages and {} snapshots lost", cluster_.network().size(),
                            cluster_.streams().size()));
            cluster_.network().clear();
            while (!cluster_.streams().empty())
                cluster_.deliver_snapshot(0, false);
        } else if (command == "in-flight") {
            for (const Message& message : cluster_.network())
                say(describe(message));
        } else {
            return false;
        }
        return true;
    }

    void deliver(MdsId to, MdsId from) {
        std::vector<Message> due;
        std::erase_if(cluster_.network(), [&](const Message& message) {
            const bool chosen = message.to == to && (from.is_none() || message.from == from);
            if (chosen)
                due.push_back(message);
            return chosen;
        });
        for (const Message& message : due) {
            if (passes(message.from, message.to))
                cluster_.deliver_copy(message);
            else
                say(describe(message) + " (lost)");
        }
    }

    bool run_server(const std::string& command, std::istringstream& words) {
        if (command == "status" || command == "log") {
            for (const MdsId id : cluster_.ids())
                command == "status" ? say_status(id) : say_log(id);
            return true;
        }
        const MdsId id = next_id(words);
        if (command == "campaign") {
            cluster_.campaign(id);
        } else if (command == "tick") {
            for (uint64_t left = next_number(words, 1); left > 0; left--)
                cluster_.tick(id);
        } else if (command == "propose") {
            for (std::string text; words >> text;)
                say_error(cluster_.propose(id, text));
        } else if (command == "read") {
            say_error(cluster_.read(id, next_number(words)));
        } else if (command == "transfer") {
            say_error(cluster_.transfer(id, next_id(words)));
        } else if (command == "crash") {
            cluster_.crash(id, next_number(words));
        } else if (command == "restart") {
            cluster_.restart(id);
        } else if (command == "compact") {
            cluster_.compact(id, LogIndex(next_number(words)));
        } else if (command == "slow-disk") {
            cluster_.server(id).slow_disk = true;
        } else if (command == "finish-write") {
            cluster_.finish_write(id);
        } else {
            return run_members(command, id, words);
        }
        return true;
    }

    bool run_members(const std::string& command, MdsId id, std::istringstream& words) {
        if (command != "add-voter" && command != "add-learner" && command != "promote" &&
            command != "remove")
            return false;
        Membership members = cluster_.raft(id).membership();
        for (MdsId changed = next_id(words); !changed.is_none(); changed = next_id(words)) {
            std::erase_if(members.members, [&](const Member& old) { return old.id == changed; });
            if (command != "remove")
                members.members.push_back({changed, command == "add-learner", {}});
        }
        std::ranges::sort(members.members, {}, &Member::id);
        say_error(cluster_.change_members(id, members));
        return true;
    }

    template <class T>
    void say_error(const Result<T>& result) {
        if (!result)
            say(fmt::format("refused ({}): {}", name_of(result.code()), result.error().message()));
    }

    void say_status(MdsId id) {
        if (!cluster_.is_up(id))
            return say(fmt::format("{} is down", id.number));
        const Status status = cluster_.raft(id).status();
        say(fmt::format("{} {} term {} leader {} commit {} log {} to {} members {}", id.number,
                        name_of(status.role), status.term.number, status.leader.number,
                        status.commit.number, describe(status.base), describe(status.last),
                        describe(cluster_.raft(id).membership())));
        for (const MemberStatus& member : status.members)
            say(fmt::format("  {} {} match {} next {}", member.id.number, name_of(member.pace),
                            member.match.number, member.next.number));
    }

    void say_log(MdsId id) {
        if (!cluster_.is_up(id))
            return say(fmt::format("{} is down", id.number));
        const Log& log = cluster_.raft(id).log();
        std::string text = fmt::format("{}: {}", id.number, describe(log.base()));
        for (LogIndex i = log.base().index.next(); i <= log.last_index(); i = i.next())
            text += " | " + describe(log.at(i));
        say(text);
    }

    Config config_;
    TestCluster cluster_;
    std::set<MdsId> island_;
    std::set<std::pair<MdsId, MdsId>> cut_off_;
    std::string output_;
    bool violated_ = false;
};

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// The story with the outputs that come now in place of those that are written down.
std::string replay(const std::string& text) {
    Script script;
    std::string replayed;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("> "))
            replayed += line + "\n" + script.run(line.substr(2));
        else if (line.starts_with("#") || line.empty())
            replayed += line + "\n";
    }
    return replayed;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, StoryComesOutAsWritten) {
    const std::filesystem::path path = golden_folder() / (GetParam() + ".txt");
    const std::string text = read_file(path);
    ASSERT_FALSE(text.empty());
    const std::string replayed = replay(text);
    if (std::getenv("CAIRN_REWRITE_GOLDEN") != nullptr)
        std::ofstream(path) << replayed;
    else
        EXPECT_EQ(replayed, text);
}

std::vector<std::string> stories() {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(golden_folder()))
        if (file.path().extension() == ".txt")
            names.push_back(file.path().stem().string());
    std::ranges::sort(names);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Stories, Golden, testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param; });

}  // namespace
}  // namespace cairn::raft
