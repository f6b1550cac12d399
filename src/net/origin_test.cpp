#include "net/origin.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace exchange::net {
namespace {

TEST(Origin, is_scheme_host_and_port)
{
    struct Case {
        std::string_view text;
        bool tls;
        std::string_view host;
        std::uint16_t port;
        std::string_view authority;
    };
    const Case cases[] = {
        {"http://127.0.0.1:9000", false, "127.0.0.1", 9000, "127.0.0.1:9000"},
        {"http://minio", false, "minio", 80, "minio"},
        {"https://s3.example.org", true, "s3.example.org", 443, "s3.example.org"},
        {"https://s3.example.org:443/", true, "s3.example.org", 443, "s3.example.org:443"},
        {"http://[::1]:65535", false, "::1", 65535, "[::1]:65535"},
        {"http://[::1]", false, "::1", 80, "[::1]"},
    };
    for (const Case& c : cases) {
        const Origin origin = parse_origin(c.text);
        EXPECT_EQ(origin.tls, c.tls) << c.text;
        EXPECT_EQ(origin.host, c.host) << c.text;
        EXPECT_EQ(origin.port, c.port) << c.text;
        EXPECT_EQ(origin.authority, c.authority) << c.text;
    }
}

TEST(Origin, refuses_what_is_more_or_less_than_an_origin)
{
    for (const std::string_view text : {"",
                                        "localhost:9000",
                                        "ftp://host",
                                        "HTTP://host",
                                        "http://",
                                        "http://:80",
                                        "http:///",
                                        "http://host:",
                                        "http://host:0",
                                        "http://host:65536",
                                        "http://host:8o",
                                        "http://host:-1",
                                        "http://host/path",
                                        "http://host?query",
                                        "http://host//",
                                        "http://user@host",
                                        "http://ho st",
                                        "http://host\r\nX: y",
                                        "http://[::1",
                                        "http://[]:80",
                                        "http://[::1]80",
                                        "http://::1"})
        EXPECT_THROW(parse_origin(text), std::invalid_argument) << text;
}

}  // namespace
}  // namespace exchange::net
