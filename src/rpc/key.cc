#include "rpc/key.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <sodium.h>

#include "base/checksum.h"

namespace cairn::rpc {

namespace {

constexpr uint32_t operations_max = 16;
constexpr uint32_t memory_kib_max = 1024 * 1024;

std::string hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool parse_hex(std::string_view text, MutableByteView into) {
    if (text.size() != into.size() * 2)
        return false;
    for (size_t i = 0; i < into.size(); i++) {
        const int high = digit_of(text[2 * i]);
        const int low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        into[i] = static_cast<std::byte>(high * 16 + low);
    }
    return true;
}

bool parse_number(std::string_view text, uint32_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

// Takes the line "NAME VALUE\n" off the front of `text`; empty if it is not there.
std::string_view take_line(std::string_view& text, std::string_view name) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos)
        return {};
    const std::string_view line = text.substr(0, end);
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ')
        return {};
    text.remove_prefix(end + 1);
    return line.substr(name.size() + 1);
}

}  // namespace

Result<ClusterKey> derive_key(std::string_view password, const KeyDerivation& derivation) {
    if (password.empty())
        return Error(Code::invalid_argument, "an empty password");
    if (derivation.operations < cheapest_operations || derivation.operations > operations_max ||
        derivation.memory_kib < cheapest_memory_kib || derivation.memory_kib > memory_kib_max) {
        return Error(Code::invalid_argument,
                     fmt::format("a key derivation of {} operations over {} KiB is out of bounds",
                                 derivation.operations, derivation.memory_kib));
    }
    // Chooses the fast implementations; harmless when repeated.
    if (sodium_init() < 0)
        return Error(Code::io_error, "libsodium does not start on this machine");
    ClusterKey::Content content{};
    const int failed = crypto_pwhash(
        reinterpret_cast<unsigned char*>(content.data()), content.size(), password.data(),
        password.size(), reinterpret_cast<const unsigned char*>(derivation.salt.data()),
        derivation.operations, size_t{derivation.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
    if (failed != 0) {
        return Error(Code::overloaded, fmt::format("not enough memory to derive the key ({} KiB)",
                                                   derivation.memory_kib));
    }
    ClusterKey key(content);
    wipe(content);
    return key;
}

Bytes encode_key_file(const KeyFile& file) {
    std::string key_text = hex(file.key.view());
    std::string text =
        fmt::format("cairn-key 1\ncluster {}\nsalt {}\noperations {}\nmemory-kib {}\nkey {}\n",
                    to_string(file.cluster), hex(file.derivation.salt), file.derivation.operations,
                    file.derivation.memory_kib, key_text);
    Bytes content;
    content.reserve(key_file_size_max);  // so that no copy is left behind by growing
    ByteWriter out(content);
    out.put_raw(bytes_of(text));
    out.put_raw(bytes_of(fmt::format("checksum {:016x}\n", checksum(content))));
    wipe(std::as_writable_bytes(std::span(key_text)));
    wipe(std::as_writable_bytes(std::span(text)));
    return content;
}

Result<KeyFile> decode_key_file(ByteView content) {
    const Error corrupt(Code::corrupt,
                        "this is not an undamaged key file; auth-node writes it anew");
    const std::string_view whole = text_of(content);
    std::string_view text = whole;
    const std::string_view version = take_line(text, "cairn-key");
    if (version.empty())
        return corrupt;
    if (version != "1") {
        return Error(
            Code::version_mismatch,
            fmt::format("a key file of version {}; this program knows version 1", version));
    }
    KeyFile file;
    Result<ClusterId> cluster = parse_cluster_id(take_line(text, "cluster"));
    ClusterKey::Content key{};
    bool ok = cluster.has_value() && parse_hex(take_line(text, "salt"), file.derivation.salt);
    ok = ok && parse_number(take_line(text, "operations"), file.derivation.operations);
    ok = ok && parse_number(take_line(text, "memory-kib"), file.derivation.memory_kib);
    ok = ok && parse_hex(take_line(text, "key"), key);
    const uint64_t sum = checksum(content.first(whole.size() - text.size()));
    ok = ok && take_line(text, "checksum") == fmt::format("{:016x}", sum) && text.empty();
    if (!ok)
        return corrupt;
    file.cluster = *cluster;
    file.key = ClusterKey(key);
    wipe(key);
    return file;
}

}  // namespace cairn::rpc
