#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace exchange::net {

// Decodes a chunked body (RFC 9112 section 7.1) from pieces of any size. Strict about line ends;
// extensions and trailer fields are read, bounded and dropped. Beast's own decoder is not used: it
// asserts on a last chunk that comes byte by byte, and our assertions stay on.
class ChunkedDecoder {
public:
    enum class Status { more, done, malformed, too_large };

    explicit ChunkedDecoder(std::size_t body_bytes_max) : body_bytes_max_{body_bytes_max} {}

    // Takes bytes off the front of `input` and appends the data among them to `body`. When done,
    // what is left of `input` belongs to the next message.
    Status feed(std::string_view& input, std::string& body);

private:
    enum class State {
        size,
        extension,
        size_end,
        data,
        data_cr,
        data_lf,
        line,
        field,
        field_end,
        end
    };

    Status step(char c);
    Status size_digit(char c);
    Status size_complete();
    Status bounded(State next);

    const std::size_t body_bytes_max_;
    std::size_t body_bytes_ = 0;
    State state_ = State::size;
    std::uint64_t chunk_left_ = 0;
    // Of the chunk's size line, or of all trailer fields.
    std::size_t line_bytes_ = 0;
    bool has_digit_ = false;
};

}  // namespace exchange::net
