#include "net/chunked_decoder.hpp"

#include <algorithm>

namespace exchange::net {
namespace {

// No client of ours uses extensions or trailers; enough for a chatty proxy.
constexpr std::size_t line_bytes_max = 4096;

int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

ChunkedDecoder::Status ChunkedDecoder::feed(std::string_view& input, std::string& body)
{
    while (!input.empty()) {
        if (state_ == State::data) {
            const std::size_t size = std::min<std::uint64_t>(chunk_left_, input.size());
            body.append(input.substr(0, size));
            input.remove_prefix(size);
            chunk_left_ -= size;
            if (chunk_left_ == 0) state_ = State::data_cr;
            continue;
        }
        const char c = input.front();
        input.remove_prefix(1);
        if (const Status status = step(c); status != Status::more) return status;
    }
    return Status::more;
}

ChunkedDecoder::Status ChunkedDecoder::step(char c)
{
    const auto only = [&](char expected, State next) {
        if (c != expected) return Status::malformed;
        state_ = next;
        return Status::more;
    };
    switch (state_) {
    case State::size:
        return size_digit(c);
    case State::extension:
        if (c == '\n') return Status::malformed;
        return bounded(c == '\r' ? State::size_end : State::extension);
    case State::size_end:
        return c == '\n' ? size_complete() : Status::malformed;
    case State::data_cr:
        return only('\r', State::data_lf);
    case State::data_lf:
        return only('\n', State::size);
    case State::line:
        if (c == '\n') return Status::malformed;
        return bounded(c == '\r' ? State::end : State::field);
    case State::field:
        if (c == '\n') return Status::malformed;
        return bounded(c == '\r' ? State::field_end : State::field);
    case State::field_end:
        return only('\n', State::line);
    case State::end:
        return c == '\n' ? Status::done : Status::malformed;
    case State::data:
        break;
    }
    return Status::malformed;
}

ChunkedDecoder::Status ChunkedDecoder::size_digit(char c)
{
    if (const int value = hex_value(c); value >= 0) {
        if (chunk_left_ >> 60 != 0) return Status::malformed;
        chunk_left_ = chunk_left_ * 16 + static_cast<std::uint64_t>(value);
        has_digit_ = true;
        return bounded(State::size);
    }
    if (!has_digit_) return Status::malformed;
    if (c == '\r') return bounded(State::size_end);
    const bool extends = c == ';' || c == ' ' || c == '\t';
    return extends ? bounded(State::extension) : Status::malformed;
}

ChunkedDecoder::Status ChunkedDecoder::size_complete()
{
    line_bytes_ = 0;
    has_digit_ = false;
    if (chunk_left_ > body_bytes_max_ - body_bytes_) return Status::too_large;
    body_bytes_ += chunk_left_;
    state_ = chunk_left_ == 0 ? State::line : State::data;
    return Status::more;
}

ChunkedDecoder::Status ChunkedDecoder::bounded(State next)
{
    state_ = next;
    return ++line_bytes_ > line_bytes_max ? Status::malformed : Status::more;
}

}  // namespace exchange::net
