// Result<T>: a value or an Error. It cannot be ignored. Exceptions do not cross modules; this does.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace cairn {

template <class T = void>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    [[nodiscard]] T& value() & {
        CHECK_NOTE(has_value(), "value() of a failed Result");
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] const T& value() const& {
        CHECK_NOTE(has_value(), "value() of a failed Result");
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] T&& value() && {
        CHECK_NOTE(has_value(), "value() of a failed Result");
        return std::move(*std::get_if<0>(&state_));
    }
    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] const T& operator*() const& { return value(); }
    [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
    [[nodiscard]] T* operator->() { return &value(); }
    [[nodiscard]] const T* operator->() const { return &value(); }

    [[nodiscard]] const Error& error() const {
        CHECK_NOTE(!has_value(), "error() of a successful Result");
        return *std::get_if<1>(&state_);
    }
    // Code::ok when there is a value.
    [[nodiscard]] Code code() const { return has_value() ? Code::ok : error().code(); }

  private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    [[nodiscard]] bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }

    [[nodiscard]] const Error& error() const {
        CHECK_NOTE(error_.has_value(), "error() of a successful Result");
        return *error_;
    }
    [[nodiscard]] Code code() const { return error_ ? error_->code() : Code::ok; }

  private:
    std::optional<Error> error_;
};

}  // namespace cairn

// Evaluates a Result once; on failure returns its error from the enclosing function or coroutine.
#define TRY(expression)                 \
    do {                                \
        auto try_result = (expression); \
        if (!try_result)                \
            return try_result.error();  \
    } while (false)

#define CO_TRY(expression)                \
    do {                                  \
        auto try_result = (expression);   \
        if (!try_result)                  \
            co_return try_result.error(); \
    } while (false)
