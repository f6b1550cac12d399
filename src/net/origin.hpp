#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Scheme, host and port of an http or https server: what a connection is made to.
namespace exchange::net {

struct Origin {
    bool tls = false;
    // Name or address; an IPv6 address without its brackets.
    std::string host;
    std::uint16_t port = 0;
    // Host and port as they were written: the Host header, and thus what request signers sign.
    std::string authority;

    std::string text() const { return (tls ? "https://" : "http://") + authority; }
};

// `text`: http(s)://host[:port], a single '/' after it is ignored. Throws std::invalid_argument on
// anything else: path, query, user name, port 0.
Origin parse_origin(std::string_view text);

}  // namespace exchange::net
