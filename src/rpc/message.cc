#include "rpc/message.h"

#include <algorithm>

#include "wire/frame.h"

namespace cairn::rpc {

namespace {

constexpr size_t error_text_max = 4096;

}  // namespace

Response Response::failure(const Error& error, ByteView detail) {
    CHECK_NOTE(error.code() != Code::ok, "a failure needs a reason");
    Response response;
    response.status = error.code();
    const std::string_view text = error.message();
    ByteWriter out(response.body);
    out.put_text(text.substr(0, error_text_max));
    out.put_bytes(detail);
    return response;
}

Error error_of_response(Code status, const Buffer& body, Buffer* detail) {
    ByteReader in(body.view());
    std::string text = in.get_text();
    const ByteView detail_bytes = in.get_bytes();
    if (!in.finished())
        return {Code::corrupt, "a refusal that does not decode"};
    if (detail != nullptr)
        *detail = body.slice(body.size() - detail_bytes.size(), detail_bytes.size());
    return {status, std::move(text)};
}

}  // namespace cairn::rpc
