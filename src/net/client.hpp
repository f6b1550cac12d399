#pragma once

#include "base/time.hpp"
#include "net/http.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP/1.1 client for one origin: keeps connections alive, http and https (certificates verified
// against the system's roots), at most `connections_max` at once; further requests wait their turn.
// Lives on its executor, which must run one handler at a time; requests are sent from there.
namespace exchange::net {

// No complete answer: name not resolved, refused, reset, time-out, TLS failure.
class ClientError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct ClientRequest {
    std::string method;
    // As it goes on the wire: path and query, already encoded.
    std::string target;
    // Without Host (the origin as it was written) and Content-Length: the client adds them.
    std::vector<std::pair<std::string, std::string>> headers;
    // Must outlive the call.
    std::string_view body;
    // Sending it again after the server closed a kept-alive connection is harmless.
    bool repeatable = true;
    std::size_t response_bytes_max = 64 * 1024 * 1024;
};

struct ClientResponse {
    unsigned status = 0;
    // Names in lower case.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string_view header(std::string_view name) const;
};

class Client {
public:
    virtual ~Client() = default;
    // Throws `ClientError`; answers of any status are values. std::invalid_argument: a method,
    // target or header that would break out of its line.
    virtual boost::asio::awaitable<ClientResponse> send(ClientRequest request,
                                                        TimePoint deadline) = 0;
};

// `origin`: http(s)://host[:port]. Throws std::invalid_argument when it is not.
std::unique_ptr<Client> make_client(boost::asio::any_io_executor executor,
                                    const std::string& origin, std::size_t connections_max);

}  // namespace exchange::net
