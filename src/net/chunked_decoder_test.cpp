#include "net/chunked_decoder.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace exchange::net {
namespace {

using Status = ChunkedDecoder::Status;

struct Decoded {
    Status status = Status::more;
    std::string body;
    std::string rest;
    bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view input, std::size_t piece_size)
{
    ChunkedDecoder decoder{20};
    Decoded decoded;
    while (!input.empty() && decoded.status == Status::more) {
        std::string_view piece = input.substr(0, piece_size);
        input.remove_prefix(piece.size());
        decoded.status = decoder.feed(piece, decoded.body);
        decoded.rest = std::string{piece} + std::string{input};
    }
    return decoded;
}

TEST(ChunkedDecoder, decodes_the_same_whatever_the_pieces)
{
    const struct {
        std::string_view input;
        Status status;
        std::string_view body;
        std::string_view rest;
    } cases[] = {
        {"0\r\n\r\n", Status::done, "", ""},
        {"3\r\nabc\r\n0\r\n\r\nGET", Status::done, "abc", "GET"},
        {"3\r\nabc\r\n2\r\n\r\n\r\n0\r\n\r\n", Status::done, "abc\r\n", ""},
        {"00A;x=\"y\"\r\n0123456789\r\n000\r\n\r\n", Status::done, "0123456789", ""},
        {"1 \r\na\r\n0\r\nT: v\r\nU: w\r\n\r\nX", Status::done, "a", "X"},
        {"14\r\n01234567890123456789\r\n0\r\n\r\n", Status::done, "01234567890123456789", ""},
        {"3\r\nab", Status::more, "ab", ""},
        {"0\r\n", Status::more, "", ""},
        {"15\r\n", Status::too_large, "", ""},
        {"A\r\n0123456789\r\nB\r\n", Status::too_large, "0123456789", ""},
        {"FFFFFFFFFFFFFFFF\r\n", Status::too_large, "", ""},
        {"10000000000000000", Status::malformed, "", ""},
        {"\r\n", Status::malformed, "", "\n"},
        {";x\r\n", Status::malformed, "", "x\r\n"},
        {"-1\r\n", Status::malformed, "", "1\r\n"},
        {"1\na", Status::malformed, "", "a"},
        {"1;x\ny", Status::malformed, "", "y"},
        {"1\rx", Status::malformed, "", ""},
        {"1\r\nab", Status::malformed, "a", ""},
        {"1\r\na\rb", Status::malformed, "a", ""},
        {"0\r\n\n", Status::malformed, "", ""},
        {"0\r\nT\n", Status::malformed, "", ""},
        {"0\r\n\rx", Status::malformed, "", ""},
    };
    for (const auto& [input, status, body, rest] : cases)
        for (std::size_t size = 1; size <= input.size(); ++size)
            EXPECT_EQ(decode(input, size), (Decoded{status, std::string{body}, std::string{rest}}))
                << input << " in pieces of " << size;
}

TEST(ChunkedDecoder, bounds_extensions_and_trailers)
{
    EXPECT_EQ(decode("1;" + std::string(5000, 'x'), 100).status, Status::malformed);
    EXPECT_EQ(decode(std::string(5000, '0'), 100).status, Status::malformed);
    std::string trailers = "0\r\n";
    for (int i = 0; i < 1000; ++i) trailers += "T: v\r\n";
    EXPECT_EQ(decode(trailers, 100).status, Status::malformed);
}

}  // namespace
}  // namespace exchange::net
