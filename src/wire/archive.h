// How messages become bytes: each message lists its fields once, in `fields`, and is encoded and
// decoded by the same list, so that the two cannot part. Layout: fields in order, little-endian, no
// padding; texts, byte strings and lists carry a u32 count first. New fields go at the end; a
// decoder that meets an older, shorter message leaves them as they are by default, and the hello's
// protocol version says what a peer understands.
//
//     struct SealRequest {
//         ChunkId chunk;
//         Version version;
//         template <class A> void fields(A& archive) { archive(chunk, version); }
//     };
//     Bytes bytes = encode(request);  Result<SealRequest> back = decode<SealRequest>(bytes);
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/time.h"

namespace cairn {

class Encoder;
class Decoder;

template <class M>
concept Message = requires(M& message, Encoder& encoder) { message.fields(encoder); };

class Encoder {
  public:
    explicit Encoder(Bytes& out) : writer_(out) {}

    template <class... Fields>
    void operator()(const Fields&... fields) {
        (put(fields), ...);
    }

  private:
    template <class T>
        requires std::is_integral_v<T> || std::is_enum_v<T>
    void put(const T& value) {
        writer_.put(value);
    }
    template <class Tag, class Number>
    void put(const Id<Tag, Number>& id) {
        writer_.put(id);
    }
    void put(const ClusterId& id) { writer_.put(id); }
    void put(const Duration& duration) { writer_.put(duration.nanoseconds); }
    void put(const WallTime& time) { writer_.put(time.nanoseconds); }
    void put(const std::string& text) { writer_.put_text(text); }
    void put(const Bytes& bytes) { writer_.put_bytes(bytes); }
    void put(const Address& address) { cairn::put(writer_, address); }
    template <class T>
    void put(const std::vector<T>& list) {
        writer_.put(static_cast<uint32_t>(list.size()));
        for (const T& item : list)
            put(item);
    }
    template <class A, class B>
    void put(const std::pair<A, B>& pair) {
        put(pair.first);
        put(pair.second);
    }
    template <class T>
    void put(const std::optional<T>& maybe) {
        writer_.put(maybe.has_value());
        if (maybe)
            put(*maybe);
    }
    template <Message M>
    void put(const M& message) {
        const_cast<M&>(message).fields(*this);  // an encoder only reads
    }

    ByteWriter writer_;
};

class Decoder {
  public:
    explicit Decoder(ByteView in) : reader_(in) {}

    template <class... Fields>
    void operator()(Fields&... fields) {
        (get_unless_ended(fields), ...);
    }
    [[nodiscard]] bool finished() const { return reader_.finished(); }
    [[nodiscard]] bool ok() const { return reader_.ok(); }

  private:
    // The end of the bytes at the border of a field is an older sender, not an error; only the
    // outermost message may end early.
    template <class T>
    void get_unless_ended(T& field) {
        if (depth_ == 0 && reader_.ok() && reader_.remaining() == 0)
            return;
        get(field);
    }
    template <class T>
        requires std::is_integral_v<T> || std::is_enum_v<T>
    void get(T& value) {
        reader_.get(value);
    }
    template <class Tag, class Number>
    void get(Id<Tag, Number>& id) {
        reader_.get(id);
    }
    void get(ClusterId& id) { reader_.get(id); }
    void get(Duration& duration) { reader_.get(duration.nanoseconds); }
    void get(WallTime& time) { reader_.get(time.nanoseconds); }
    void get(std::string& text) { text = reader_.get_text(); }
    void get(Bytes& bytes) {
        const ByteView view = reader_.get_bytes();
        bytes.assign(view.begin(), view.end());
    }
    void get(Address& address) { cairn::get(reader_, address); }
    template <class T>
    void get(std::vector<T>& list) {
        const uint32_t count = reader_.get_count(1);
        list.clear();
        for (uint32_t i = 0; i < count && reader_.ok(); i++)
            get(list.emplace_back());
    }
    template <class A, class B>
    void get(std::pair<A, B>& pair) {
        get(pair.first);
        get(pair.second);
    }
    template <class T>
    void get(std::optional<T>& maybe) {
        bool present = false;
        reader_.get(present);
        maybe.reset();
        if (present)
            get(maybe.emplace());
    }
    template <Message M>
    void get(M& message) {
        depth_++;
        message.fields(*this);
        depth_--;
    }

    ByteReader reader_;
    int depth_ = 0;
};

template <Message M>
[[nodiscard]] Bytes encode(const M& message) {
    Bytes out;
    Encoder encoder(out);
    const_cast<M&>(message).fields(encoder);
    return out;
}

template <Message M>
[[nodiscard]] Result<M> decode(ByteView bytes) {
    M message;
    Decoder decoder(bytes);
    message.fields(decoder);
    // Bytes left over are fields of a newer sender, which an older reader does not know.
    if (!decoder.ok())
        return Error(Code::corrupt, "a message does not decode");
    return message;
}

}  // namespace cairn
