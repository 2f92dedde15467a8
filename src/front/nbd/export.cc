#include "front/nbd/export.h"

#include <fmt/core.h>

namespace cairn::nbd {

namespace {

// What a URI's path may hold as it is; of the rest each byte becomes %XX.
bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

std::string escape(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        if (is_plain(c))
            escaped += c;
        else
            escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return escaped;
}

}  // namespace

std::string uri_of(const Address& at, const std::string& export_name) {
    if (at.is_unix())
        return fmt::format("nbd+unix:///{}?socket={}", escape(export_name), escape(at.host));
    return fmt::format("nbd://{}/{}", to_string(at), escape(export_name));
}

}  // namespace cairn::nbd
