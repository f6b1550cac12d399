#include "net/client_connection.hpp"

#include "net/chunked_decoder.hpp"
#include "net/client_resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace exchange::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using ResponseParser = http::response_parser<http::string_body>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t response_header_bytes_max = 64 * 1024;
constexpr std::size_t read_bytes = 16 * 1024;
// Load balancers forget idle connections without telling; most do so after a minute or more.
constexpr auto idle_max = std::chrono::seconds{30};

void prepare(ResponseParser& parser, const ClientRequest& request)
{
    parser.header_limit(response_header_bytes_max);
    parser.body_limit(request.response_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
}

ClientResponse take_response(ResponseParser& parser)
{
    ClientResponse response;
    response.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
        std::string name{field.name_string()};
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        });
        response.headers.emplace_back(std::move(name), std::string{field.value()});
    }
    response.body = std::move(parser.get().body());
    return response;
}

}  // namespace

// Closes the connection at the deadline, unless destroyed before.
class ClientConnection::Watch {
public:
    Watch(ClientConnection& connection, TimePoint deadline) : connection_{connection}
    {
        connection.timer_.expires_at(deadline);
        connection.timer_.async_wait(
            [weak = connection.weak_from_this(), turn = connection.turn_](error_code error) {
                const std::shared_ptr<ClientConnection> self = weak.lock();
                if (error || self == nullptr || self->turn_ != turn) return;
                self->timed_out_ = true;
                error_code ignored;
                self->socket_.close(ignored);
            });
    }
    ~Watch()
    {
        ++connection_.turn_;
        connection_.timer_.cancel();
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

private:
    ClientConnection& connection_;
};

ClientConnection::ClientConnection(asio::any_io_executor executor, const Origin& origin,
                                   asio::ssl::context* tls)
    : origin_{origin}, tls_context_{tls}, socket_{executor}, timer_{executor}
{
}

asio::awaitable<void> ClientConnection::open(TimePoint deadline)
{
    const Watch watch{*this, deadline};
    co_await connect(deadline);
    if (tls_context_ != nullptr) co_await shake_hands();
}

asio::awaitable<void> ClientConnection::connect(TimePoint deadline)
{
    const std::vector<tcp::endpoint> endpoints = co_await resolve(origin_, deadline);
    const auto [error, endpoint] = co_await asio::async_connect(socket_, endpoints, as_result);
    check(error, "connecting");
    error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
}

asio::awaitable<void> ClientConnection::shake_hands()
{
    tls_.emplace(socket_, *tls_context_);
    tls_->set_verify_callback(asio::ssl::host_name_verification{origin_.host});
    if (!is_address(origin_.host)) {
        // The macro around this call casts in the old style.
        std::string name = origin_.host;
        SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 name.data());
    }
    const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_result);
    check(error, "TLS handshake");
}

asio::awaitable<std::optional<ClientResponse>>
ClientConnection::ask(std::string_view head, const ClientRequest& request, TimePoint deadline)
{
    const Watch watch{*this, deadline};
    reusable_ = false;
    if (tls_) co_return co_await converse(*tls_, head, request);
    co_return co_await converse(socket_, head, request);
}

template <class Stream>
asio::awaitable<std::optional<ClientResponse>>
ClientConnection::converse(Stream& stream, std::string_view head, const ClientRequest& request)
{
    const std::array<asio::const_buffer, 2> question{asio::buffer(head),
                                                     asio::buffer(request.body)};
    const auto [write_error, sent] = co_await asio::async_write(stream, question, as_result);
    // A server that refuses a request may answer and close before it has read the whole of it.
    std::optional<ResponseParser> parser;
    bool silent = true;
    do {
        parser.emplace();
        prepare(*parser, request);
        const auto [error, got] =
            co_await http::async_read_header(stream, buffer_, *parser, as_result);
        silent = silent && !parser->got_some() && buffer_.size() == 0;
        if (error && silent && !timed_out_) co_return std::nullopt;
        check(error, "reading the answer");
    } while (parser->get().result_int() / 100 == 1);

    std::string chunked;
    if (!parser->is_done() && parser->chunked()) {
        co_await read_chunks(stream, request.response_bytes_max, chunked);
    } else if (!parser->is_done()) {
        const auto [error, got] = co_await http::async_read(stream, buffer_, *parser, as_result);
        check(error, "reading the answer");
    }
    reusable_ = !write_error && parser->keep_alive() && buffer_.size() == 0;
    idle_since_ = SteadyClock::now();
    ClientResponse response = take_response(*parser);
    if (parser->chunked()) response.body = std::move(chunked);
    co_return response;
}

// Not by Beast's parser, which asserts on a last chunk that comes byte by byte: what a server sends
// must not end this process.
template <class Stream>
asio::awaitable<void> ClientConnection::read_chunks(Stream& stream, std::size_t bytes_max,
                                                    std::string& body)
{
    ChunkedDecoder decoder{bytes_max};
    while (true) {
        const auto held = buffer_.data();
        std::string_view bytes{static_cast<const char*>(held.data()), held.size()};
        const ChunkedDecoder::Status status = decoder.feed(bytes, body);
        buffer_.consume(held.size() - bytes.size());
        if (status == ChunkedDecoder::Status::done) co_return;
        if (status == ChunkedDecoder::Status::too_large) check(http::error::body_limit, "");
        if (status == ChunkedDecoder::Status::malformed) fail("the answer is not valid HTTP");
        const auto [error, got] =
            co_await stream.async_read_some(buffer_.prepare(read_bytes), as_result);
        if (error == asio::error::eof) check(http::error::partial_message, "");
        check(error, "reading the answer");
        buffer_.commit(got);
    }
}

bool ClientConnection::is_stale(TimePoint now)
{
    if (now - idle_since_ > idle_max) return true;
    char byte = 0;
    const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Between answers, TLS may still bring session tickets.
    if (got > 0) return !tls_;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void ClientConnection::check(const error_code& error, std::string_view doing) const
{
    if (!error) return;
    if (timed_out_) fail("no answer within the deadline");
    if (error == http::error::body_limit) fail("the answer is larger than allowed");
    if (error == http::error::partial_message) fail("the answer was cut off");
    fail(std::string{doing} + ": " + error.message());
}

void ClientConnection::fail(std::string_view what) const
{
    throw ClientError{origin_.text() + ": " + std::string{what}};
}

}  // namespace exchange::net
