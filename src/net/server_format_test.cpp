#include "net/server_format.hpp"

#include <gtest/gtest.h>

namespace exchange::net {
namespace {

std::string formatted(const Response& response, Afterwards afterwards = Afterwards::keep_alive)
{
    std::string out;
    format_head(out, response, afterwards);
    return out;
}

TEST(FormatHead, writes_status_fields_and_length)
{
    const Response response{202, "application/json", {{"Idempotent-Replayed", "true"}}, "{}"};
    EXPECT_EQ(formatted(response, Afterwards::close),
              "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
              "Idempotent-Replayed: true\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
}

TEST(FormatHead, writes_no_length_with_204_and_no_type_without_a_body)
{
    EXPECT_EQ(formatted({204, "application/json", {}, ""}), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(formatted({200, "application/json", {}, ""}),
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST(FormatHead, lets_no_value_write_further_fields)
{
    EXPECT_EQ(formatted({200, "", {{"X", "a\r\nSet-Cookie: b"}}, ""}),
              "HTTP/1.1 200 OK\r\nX: a  Set-Cookie: b\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace exchange::net
