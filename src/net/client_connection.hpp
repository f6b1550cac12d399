#pragma once

#include "base/time.hpp"
#include "net/client.hpp"
#include "net/origin.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

// One connection of the HTTP client: opened once, then one question and answer at a time. A missed
// deadline closes it, so that a late answer can never be taken for the next one.
namespace exchange::net {

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
public:
    // `tls` is null for http. Both must outlive the connection.
    ClientConnection(boost::asio::any_io_executor executor, const Origin& origin,
                     boost::asio::ssl::context* tls);

    // Resolves, connects and, for https, proves the server's name. Throws ClientError.
    boost::asio::awaitable<void> open(TimePoint deadline);

    // Nothing when the server closed the connection before the first byte of an answer: if it was
    // kept alive, the server may never have seen the request. Throws ClientError otherwise.
    boost::asio::awaitable<std::optional<ClientResponse>>
    ask(std::string_view head, const ClientRequest& request, TimePoint deadline);

    // The last answer was complete and the server keeps the connection open.
    bool reusable() const { return reusable_; }
    // Seen without asking: the server has closed, or said something nobody asked for.
    bool is_stale(TimePoint now);

private:
    class Watch;

    boost::asio::awaitable<void> connect(TimePoint deadline);
    boost::asio::awaitable<void> shake_hands();
    template <class Stream>
    boost::asio::awaitable<std::optional<ClientResponse>>
    converse(Stream& stream, std::string_view head, const ClientRequest& request);
    template <class Stream>
    boost::asio::awaitable<void> read_chunks(Stream& stream, std::size_t bytes_max,
                                             std::string& body);
    void check(const boost::system::error_code& error, std::string_view doing) const;
    [[noreturn]] void fail(std::string_view what) const;

    const Origin& origin_;
    boost::asio::ssl::context* tls_context_;
    boost::asio::ip::tcp::socket socket_;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
    boost::asio::steady_timer timer_;
    boost::beast::flat_buffer buffer_;
    // Tells the timer of this operation from one that fired late for an earlier operation.
    std::uint64_t turn_ = 0;
    bool timed_out_ = false;
    bool reusable_ = false;
    TimePoint idle_since_{};
};

}  // namespace exchange::net
