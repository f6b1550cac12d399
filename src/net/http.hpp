#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Requests and responses as handlers see them, free of Beast.
namespace exchange::net {

// Valid during the call it is passed to.
class RequestHead {
public:
    virtual ~RequestHead() = default;
    virtual std::string_view method() const = 0;
    // Without the query.
    virtual std::string_view path() const = 0;
    // After the '?', not decoded; empty when there is none.
    virtual std::string_view query() const = 0;
    // The first field of that name, trimmed; empty when absent.
    virtual std::string_view header(std::string_view name) const = 0;
    virtual std::size_t header_count(std::string_view name) const = 0;
    virtual bool peer_is_loopback() const = 0;
};

struct Response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

}  // namespace exchange::net
