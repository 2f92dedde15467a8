// Numbers in network order, for the protocols of others (NBD, iSCSI, AoE); our own formats are
// little-endian and use bytes.h.
#pragma once

#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace cairn {

// Appends to a Bytes.
class BigEndianWriter {
  public:
    explicit BigEndianWriter(Bytes& out) : out_(out) {}

    template <WireNumber T>
    void put(T value) {
        T swapped = value;
        auto* raw = reinterpret_cast<std::byte*>(&swapped);
        for (size_t i = 0; i < sizeof(T) / 2; i++)
            std::swap(raw[i], raw[sizeof(T) - 1 - i]);
        out_.insert(out_.end(), raw, raw + sizeof(T));
    }
    void put_raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    void put_zeros(size_t count) { out_.resize(out_.size() + count); }

  private:
    Bytes& out_;
};

// Reads foreign bytes safely, as ByteReader does: once something is missing, ok() is false for ever
// and every further read gives zeros or nothing.
class BigEndianReader {
  public:
    explicit BigEndianReader(ByteView in) : reader_(in) {}

    template <WireNumber T>
    [[nodiscard]] T read() {
        T value = reader_.read<T>();
        auto* raw = reinterpret_cast<std::byte*>(&value);
        for (size_t i = 0; i < sizeof(T) / 2; i++)
            std::swap(raw[i], raw[sizeof(T) - 1 - i]);
        return value;
    }
    [[nodiscard]] ByteView take(size_t count) { return reader_.take(count); }
    // Four bytes of length, then the text: a view into the input.
    [[nodiscard]] std::string_view read_text() {
        const auto length = read<uint32_t>();
        return text_of(reader_.take(length));
    }
    [[nodiscard]] bool ok() const { return reader_.ok(); }
    [[nodiscard]] size_t remaining() const { return reader_.remaining(); }
    [[nodiscard]] bool finished() const { return reader_.finished(); }

  private:
    ByteReader reader_;
};

}  // namespace cairn
