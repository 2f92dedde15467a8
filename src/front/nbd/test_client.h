// TestClient: a small NBD client for the tests of the server. It speaks through protocol.h's
// layouts written the other way round, keeps many requests in flight, and CHECKs that answers are
// well-formed; what they say is for the test to judge. Not for use outside tests.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/big_endian.h"
#include "front/nbd/negotiation.h"
#include "front/nbd/protocol.h"
#include "runtime/runtime.h"

namespace cairn::nbd {

// Everything that was answered to one request.
struct Answer {
    WireError error = WireError::none;
    std::string message;
    Bytes content;                       // of a read, put together from its chunks
    size_t chunks = 0;                   // of data or holes
    uint64_t hole_bytes = 0;             // that came as holes
    std::vector<block::Extent> extents;  // of a block status
};

class TestClient {
  public:
    explicit TestClient(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

    static Task<Result<TestClient>> connect(Runtime& runtime, Address to) {
        Result<std::unique_ptr<Stream>> stream =
            co_await runtime.network.connect(std::move(to), seconds(5));
        if (!stream)
            co_return stream.error();
        co_return TestClient(std::move(stream).value());
    }

    // Greeting to transmission in one go.
    Task<Result<void>> open(std::string name, bool structured) {
        CO_TRY(co_await greet());
        if (structured) {
            CO_TRY(co_await option(Option::structured_reply, {}));
            CO_TRY(co_await option(Option::set_meta_context, context_query(name)));
        }
        CO_TRY(co_await option(Option::go, go_data(name)));
        structured_ = structured;
        co_return Result<void>();
    }

    Task<Result<void>> greet() {
        Bytes greeting(greeting_size);
        CO_TRY(co_await read_exact(*stream_, greeting));
        CHECK(greeting == encode_greeting());
        Bytes flags;
        BigEndianWriter(flags).put(uint32_t{fixed_newstyle | no_zeroes});
        co_return co_await send(std::move(flags));
    }

    // Sends an option and takes its replies, up to ACK or an error (a failure here).
    Task<Result<void>> option(Option option, Bytes data) {
        Bytes out;
        BigEndianWriter writer(out);
        writer.put(option_magic);
        writer.put(option);
        writer.put(static_cast<uint32_t>(data.size()));
        writer.put_raw(data);
        CO_TRY(co_await send(std::move(out)));
        while (true) {
            Bytes header(option_reply_header_size);
            CO_TRY(co_await read_exact(*stream_, header));
            BigEndianReader reader(header);
            CHECK(reader.read<uint64_t>() == option_reply_magic);
            CHECK(reader.read<Option>() == option);
            const auto reply = reader.read<OptionReply>();
            Bytes payload(reader.read<uint32_t>());
            CO_TRY(co_await read_exact(*stream_, payload));
            take_info(reply, payload);
            if (reply == OptionReply::ack)
                co_return Result<void>();
            if (static_cast<uint32_t>(reply) >= 0x80000000)
                co_return Error(Code::not_supported, std::string(text_of(payload)));
        }
    }

    // Sends one request; its cookie tells which answer is its.
    Task<Result<uint64_t>> send_request(Command command, uint64_t offset, uint32_t length,
                                        uint16_t flags = 0, Buffer payload = {}) {
        const uint64_t cookie = next_cookie_++;
        requests_[cookie] = {command, offset, length};
        Bytes out;
        BigEndianWriter writer(out);
        writer.put(request_magic);
        writer.put(flags);
        writer.put(command);
        writer.put(cookie);
        writer.put(offset);
        writer.put(length);
        writer.put_raw(payload.view());
        CO_TRY(co_await send(std::move(out)));
        co_return cookie;
    }

    // The next answer that is complete, whichever request it is for.
    Task<Result<std::pair<uint64_t, Answer>>> receive() {
        while (true) {
            Bytes magic(4);
            CO_TRY(co_await read_exact(*stream_, magic));
            uint64_t cookie = 0;
            bool done = true;
            if (BigEndianReader(magic).read<uint32_t>() == simple_reply_magic)
                CO_TRY(co_await receive_simple(cookie));
            else
                CO_TRY(co_await receive_chunk(cookie, done));
            if (!done)
                continue;
            std::pair<uint64_t, Answer> answered(cookie, std::move(answers_[cookie]));
            answers_.erase(cookie);
            requests_.erase(cookie);
            co_return answered;
        }
    }

    // One request and its answer, with nothing else in flight.
    Task<Result<Answer>> ask(Command command, uint64_t offset, uint32_t length, uint16_t flags = 0,
                             Buffer payload = {}) {
        Result<uint64_t> cookie =
            co_await send_request(command, offset, length, flags, std::move(payload));
        if (!cookie)
            co_return cookie.error();
        Result<std::pair<uint64_t, Answer>> answer = co_await receive();
        if (!answer)
            co_return answer.error();
        CHECK(answer->first == *cookie);
        co_return std::move(answer->second);
    }

    [[nodiscard]] Stream& stream() { return *stream_; }
    [[nodiscard]] uint64_t size() const { return size_; }
    [[nodiscard]] uint16_t flags() const { return flags_; }
    [[nodiscard]] size_t in_flight() const { return requests_.size(); }

  private:
    struct Sent {
        Command command{};
        uint64_t offset = 0;
        uint32_t length = 0;
    };

    static Bytes go_data(const std::string& name) {
        Bytes data;
        BigEndianWriter writer(data);
        writer.put(static_cast<uint32_t>(name.size()));
        writer.put_raw(bytes_of(name));
        writer.put(uint16_t{0});
        return data;
    }

    static Bytes context_query(const std::string& name) {
        Bytes data;
        BigEndianWriter writer(data);
        writer.put(static_cast<uint32_t>(name.size()));
        writer.put_raw(bytes_of(name));
        writer.put(uint32_t{1});
        writer.put(static_cast<uint32_t>(allocation_context_name.size()));
        writer.put_raw(bytes_of(allocation_context_name));
        return data;
    }

    Task<Result<void>> send(Bytes bytes) {
        const std::array<ByteView, 1> slices{bytes};
        co_return co_await write_all(*stream_, slices);
    }

    void take_info(OptionReply reply, const Bytes& payload) {
        BigEndianReader reader(payload);
        if (reply != OptionReply::info || reader.read<InfoType>() != InfoType::exported)
            return;
        size_ = reader.read<uint64_t>();
        flags_ = reader.read<uint16_t>();
    }

    Task<Result<void>> receive_simple(uint64_t& cookie) {
        Bytes rest(simple_reply_size - 4);
        CO_TRY(co_await read_exact(*stream_, rest));
        BigEndianReader reader(rest);
        const auto error = reader.read<WireError>();
        cookie = reader.read<uint64_t>();
        CHECK(requests_.contains(cookie));
        Answer& answer = answers_[cookie];
        answer.error = error;
        if (error == WireError::none && requests_[cookie].command == Command::read) {
            CHECK(!structured_);
            answer.content.resize(requests_[cookie].length);
            CO_TRY(co_await read_exact(*stream_, answer.content));
        }
        co_return Result<void>();
    }

    Task<Result<void>> receive_chunk(uint64_t& cookie, bool& done) {
        CHECK(structured_);
        Bytes rest(structured_header_size - 4);
        CO_TRY(co_await read_exact(*stream_, rest));
        BigEndianReader reader(rest);
        done = (reader.read<uint16_t>() & 1) != 0;
        const auto type = reader.read<ChunkType>();
        cookie = reader.read<uint64_t>();
        CHECK(requests_.contains(cookie));
        Bytes payload(reader.read<uint32_t>());
        CO_TRY(co_await read_exact(*stream_, payload));
        take_chunk(type, requests_[cookie], answers_[cookie], payload);
        co_return Result<void>();
    }

    static void take_chunk(ChunkType type, const Sent& sent, Answer& answer, const Bytes& payload) {
        BigEndianReader reader(payload);
        if (type == ChunkType::error) {
            answer.error = reader.read<WireError>();
            const auto length = reader.read<uint16_t>();
            answer.message = text_of(reader.take(length));
        } else if (type == ChunkType::block_status) {
            CHECK(reader.read<uint32_t>() == allocation_context);
            while (reader.remaining() > 0) {
                const auto length = reader.read<uint32_t>();
                const auto state = reader.read<uint32_t>();
                const block::ExtentKind kinds[] = {block::ExtentKind::data, block::ExtentKind::data,
                                                   block::ExtentKind::zero,
                                                   block::ExtentKind::hole};
                CHECK(state != state_hole && state < 4);
                answer.extents.push_back({length, kinds[state]});
            }
        } else {
            CHECK(type == ChunkType::offset_data || type == ChunkType::offset_hole);
            CHECK(sent.command == Command::read);
            answer.content.resize(sent.length);
            answer.chunks++;
            const uint64_t at = reader.read<uint64_t>() - sent.offset;
            const bool hole = type == ChunkType::offset_hole;
            const size_t size = hole ? reader.read<uint32_t>() : reader.remaining();
            CHECK(at <= sent.length && size <= sent.length - at);
            if (hole) {
                answer.hole_bytes += size;
            } else {
                const ByteView data = reader.take(size);
                std::copy(data.begin(), data.end(),
                          answer.content.begin() + static_cast<std::ptrdiff_t>(at));
            }
        }
        CHECK(reader.finished());
    }

    std::unique_ptr<Stream> stream_;
    bool structured_ = false;
    uint64_t size_ = 0;
    uint16_t flags_ = 0;
    uint64_t next_cookie_ = 1;
    std::map<uint64_t, Sent> requests_;
    std::map<uint64_t, Answer> answers_;
};

}  // namespace cairn::nbd
