#include "runtime/real/terminal.h"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <termios.h>
#include <unistd.h>

#include "runtime/real/descriptor.h"

namespace cairn::real {

namespace {

constexpr size_t line_max = 4096;

// Byte by byte, so that nothing behind the line is taken.
Result<std::string> read_line(int descriptor, std::string_view what) {
    std::string line;
    while (line.size() < line_max) {
        char byte = 0;
        const ssize_t count = ::read(descriptor, &byte, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_of_errno(errno, what);
        if (count == 0 || byte == '\n')
            return line;
        line += byte;
    }
    return Error(Code::too_large, std::string(what) + ": the line is too long");
}

bool write_text(int descriptor, std::string_view text) {
    return ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Switches a terminal's echo off for as long as it lives.
class SilentTerminal {
  public:
    explicit SilentTerminal(int terminal) : terminal_(terminal) {
        known_ = ::tcgetattr(terminal_, &former_) == 0;
        if (!known_)
            return;
        termios silent = former_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(terminal_, TCSAFLUSH, &silent);
    }
    SilentTerminal(const SilentTerminal&) = delete;
    SilentTerminal& operator=(const SilentTerminal&) = delete;
    ~SilentTerminal() {
        if (known_)
            ::tcsetattr(terminal_, TCSAFLUSH, &former_);
    }

  private:
    int terminal_;
    termios former_{};
    bool known_ = false;
};

}  // namespace

Result<std::string> ask_secret(const std::string& prompt) {
    const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (terminal.number() < 0)
        return Error(Code::unavailable, "there is no terminal to ask on");
    const SilentTerminal silent(terminal.number());
    if (!write_text(terminal.number(), prompt))
        return Error(Code::io_error, "the terminal does not take the question");
    Result<std::string> line = read_line(terminal.number(), "the terminal");
    write_text(terminal.number(), "\n");
    return line;
}

Result<std::string> read_input_line() {
    return read_line(STDIN_FILENO, "standard input");
}

bool errors_are_watched() {
    return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace cairn::real
