#pragma once

#include "base/time.hpp"
#include "net/http.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

// HTTP/1.1 server: one listening socket and one accept loop per io_context (SO_REUSEPORT), a
// coroutine per connection, keep-alive and pipelined reads, every wait bounded.
//
// Each context is run by one thread and outlives the server. A connection stays on its context, and
// so do the hooks called for it; hooks of different connections run at the same time.
namespace exchange::net {

struct ServerLimits {
    std::size_t header_bytes_max = 16 * 1024;
    // All request bodies in memory at once, over all threads. Beyond it: 503 with Retry-After
    // before the body is read. A request counts its Content-Length; a chunked one what has come,
    // in steps of 64 KiB, and it is refused at the step that does not fit.
    std::size_t body_budget_bytes = 256 * 1024 * 1024;
    std::size_t connections_max = 4096;
    std::chrono::milliseconds header_timeout{10000};
    // For the whole body, at least; longer for bodies that keep coming at `slowest_bytes_per_s`.
    std::chrono::milliseconds body_timeout{15000};
    // Bodies and responses alike: each byte moved extends the time-out by this rate. The default is
    // half a megabit per second; lower serves worse lines, and lets a slow peer hold memory longer.
    std::size_t slowest_bytes_per_s = 64 * 1024;
    std::chrono::milliseconds write_timeout{15000};
    std::chrono::milliseconds idle_timeout{75000};
};

// What a route wants to know of a request before its body is read.
struct Route {
    std::string method;
    std::string path;
    // 0: a body is refused (413).
    std::size_t body_bytes_max = 0;
    // Required Content-Type (media type only), else 415; empty: any.
    std::string content_type;
    // Answers without reading the body (401, 400 for a header, 503), or nothing to go on.
    std::function<std::optional<Response>(const RequestHead&)> precheck;
    // `body` is moved in. Must not throw; an exception becomes a 500 without its text.
    std::function<boost::asio::awaitable<Response>(const RequestHead&, std::string body)> handle;
};

// Renders errors the server itself finds (400, 404, 405, 408, 413, 415, 417, 431, 500, 503): the
// application gives them its problem format. Called once for each such answer, so it may count
// them. The head is null when it could not be read. For a 500 it is called inside the catch block,
// so `std::current_exception()` is the cause.
using ErrorRenderer = std::function<Response(unsigned status, std::string_view code,
                                             std::string_view text, const RequestHead*)>;

class Server {
public:
    virtual ~Server() = default;
    // Starts accepting on each context. Throws std::system_error naming the address when taken.
    virtual void start(std::span<boost::asio::io_context*> contexts) = 0;
    // The port really bound (for port 0).
    virtual std::uint16_t port() const = 0;
    // Stops accepting, lets requests under way finish (answered with Connection: close), closes
    // idle connections; returns when none is left or the deadline passed (then closes the rest).
    // Call from any context; safe to call twice.
    virtual boost::asio::awaitable<void> drain(TimePoint deadline) = 0;
    virtual std::size_t connections() const = 0;
    virtual std::size_t body_bytes_in_flight() const = 0;
};

// `address`: host:port, e.g. 127.0.0.1:8080 or [::1]:0.
std::unique_ptr<Server> make_server(std::string address, ServerLimits limits,
                                    std::vector<Route> routes, ErrorRenderer render_error);

}  // namespace exchange::net
