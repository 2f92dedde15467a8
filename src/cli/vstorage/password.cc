#include "cli/vstorage/password.h"

#include <fmt/core.h>

#include "runtime/real/terminal.h"

namespace cairn::cli {

namespace {

Result<std::string> ask(const std::string& prompt) {
    Result<std::string> answer = real::ask_secret(prompt + " ");
    if (!answer)
        return Error(answer.code(), fmt::format("{}: give the password on standard input with -P",
                                                answer.error().message()));
    return answer;
}

}  // namespace

Result<std::string> get_password(PasswordSource source, bool twice) {
    Result<std::string> password =
        source == PasswordSource::standard_input ? real::read_input_line() : ask(password_prompt);
    if (!password)
        return password;
    if (password->empty())
        return Error(Code::invalid_argument, "an empty password protects nothing: choose another");
    if (twice && source == PasswordSource::terminal) {
        Result<std::string> again = ask("Please repeat it:");
        if (!again)
            return again;
        if (*again != *password)
            return Error(Code::invalid_argument, "the two passwords differ; nothing was made");
    }
    return password;
}

}  // namespace cairn::cli
