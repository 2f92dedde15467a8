// Byte views, and the one way numbers are laid out on disk and wire: little-endian, unaligned,
// bounds checked.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace cairn {

using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;
using Bytes = std::vector<std::byte>;

static_assert(std::endian::native == std::endian::little,
              "formats are written as the machine holds them");

[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
[[nodiscard]] inline std::string_view text_of(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class T>
concept WireNumber = std::is_integral_v<T> || std::is_enum_v<T>;

// Appends to a Bytes.
class ByteWriter {
  public:
    explicit ByteWriter(Bytes& out) : out_(out) {}

    template <WireNumber T>
    void put(T value) {
        const auto* raw = reinterpret_cast<const std::byte*>(&value);
        out_.insert(out_.end(), raw, raw + sizeof value);
    }
    template <class Tag, class Number>
    void put(Id<Tag, Number> id) {
        put(id.number);
    }
    void put(const ClusterId& id) { put_raw(std::as_bytes(std::span(id.bytes))); }
    // Four bytes of length, then the bytes.
    void put_bytes(ByteView bytes) {
        put(static_cast<uint32_t>(bytes.size()));
        put_raw(bytes);
    }
    void put_text(std::string_view text) { put_bytes(bytes_of(text)); }
    void put_raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    void put_zeros(size_t count) { out_.resize(out_.size() + count); }
    [[nodiscard]] size_t size() const { return out_.size(); }

  private:
    Bytes& out_;
};

// Reads what ByteWriter wrote. Foreign bytes are safe: once something is missing, ok() is false for
// ever and every further read gives zeros or nothing. Callers check ok() (or finish()) once, at the
// end.
class ByteReader {
  public:
    explicit ByteReader(ByteView in) : in_(in) {}

    template <WireNumber T>
    void get(T& value) {
        value = T{};
        const ByteView raw = take(sizeof(T));
        if (raw.size() == sizeof(T))
            std::memcpy(&value, raw.data(), sizeof(T));
    }
    void get(bool& value) {
        uint8_t raw = 0;
        get(raw);
        if (raw > 1)
            fail();
        value = raw == 1;
    }
    template <class Tag, class Number>
    void get(Id<Tag, Number>& id) {
        get(id.number);
    }
    void get(ClusterId& id) {
        const ByteView raw = take(id.bytes.size());
        if (raw.size() == id.bytes.size())
            std::memcpy(id.bytes.data(), raw.data(), raw.size());
    }
    template <class T>
    [[nodiscard]] T read() {
        T value{};
        get(value);
        return value;
    }
    // A view into the input, valid as long as that is.
    [[nodiscard]] ByteView get_bytes() {
        const auto length = read<uint32_t>();
        return take(length);
    }
    [[nodiscard]] std::string get_text() { return std::string(text_of(get_bytes())); }
    [[nodiscard]] ByteView take(size_t count) {
        if (count > in_.size()) {
            fail();
            return {};
        }
        const ByteView taken = in_.first(count);
        in_ = in_.subspan(count);
        return taken;
    }
    // A count of elements that each take at least `least` bytes: refuses what cannot be there, so
    // that a foreign number never sizes an allocation.
    [[nodiscard]] uint32_t get_count(size_t least) {
        const auto count = read<uint32_t>();
        if (least != 0 && count > in_.size() / least) {
            fail();
            return 0;
        }
        return count;
    }
    void fail() {
        ok_ = false;
        in_ = {};
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] size_t remaining() const { return in_.size(); }
    // Whether everything was there and nothing is left over.
    [[nodiscard]] bool finished() const { return ok_ && in_.empty(); }

  private:
    ByteView in_;
    bool ok_ = true;
};

}  // namespace cairn
