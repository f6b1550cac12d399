#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// An HTTP server on a free loopback port that answers each request with bytes a test chose: also
// the wrong ones, none at all, or none in time. A request with the header x-answer-early is
// answered before its body is read. Runs on a thread of its own.
namespace exchange::testing {

struct ScriptedRequest {
    // Both count from 0; `number` within its connection.
    std::size_t connection = 0;
    std::size_t number = 0;
    std::string head;
    std::string body;
};

struct ScriptedAnswer {
    // As they go on the wire. Empty with `close`: the connection ends without an answer.
    std::string bytes;
    bool close = false;
    // Says nothing further and waits for the client to hang up.
    bool hang = false;
};

inline ScriptedAnswer answer(unsigned status, std::string_view body = "",
                             std::string_view headers = "")
{
    std::string bytes = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
    bytes.append(headers).append("Content-Length: ").append(std::to_string(body.size()));
    bytes.append("\r\n\r\n").append(body);
    return {std::move(bytes), false, false};
}

class ScriptedServer {
public:
    // Called on the server's thread, one request at a time.
    using Script = std::function<ScriptedAnswer(const ScriptedRequest&)>;

    // `tls`, when given, must outlive the server.
    explicit ScriptedServer(Script script, boost::asio::ssl::context* tls = nullptr)
        : script_{std::move(script)},
          tls_{tls},
          acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}}
    {
        port_ = acceptor_.local_endpoint().port();
        boost::asio::co_spawn(io_, accept(), boost::asio::detached);
        thread_ = std::thread{[this] { io_.run(); }};
    }
    ~ScriptedServer()
    {
        io_.stop();
        thread_.join();
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string origin() const
    {
        return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port());
    }
    std::vector<ScriptedRequest> requests() const
    {
        const std::scoped_lock lock{mutex_};
        return requests_;
    }
    std::size_t connections() const
    {
        const std::scoped_lock lock{mutex_};
        return connections_;
    }
    std::size_t connections_closed() const
    {
        const std::scoped_lock lock{mutex_};
        return connections_closed_;
    }

private:
    using Socket = boost::asio::ip::tcp::socket;
    static constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

    boost::asio::awaitable<void> accept()
    {
        for (;;) {
            Socket socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
            std::size_t connection = 0;
            {
                const std::scoped_lock lock{mutex_};
                connection = connections_++;
            }
            boost::asio::co_spawn(io_, serve(std::move(socket), connection), boost::asio::detached);
        }
    }

    boost::asio::awaitable<void> serve(Socket socket, std::size_t connection)
    {
        socket.set_option(boost::asio::ip::tcp::no_delay{true});
        if (tls_ == nullptr) co_await converse(socket, connection);
        else co_await converse_secretly(socket, connection);
        boost::system::error_code ignored;
        socket.close(ignored);
        const std::scoped_lock lock{mutex_};
        ++connections_closed_;
    }

    boost::asio::awaitable<void> converse_secretly(Socket& socket, std::size_t connection)
    {
        boost::asio::ssl::stream<Socket&> stream{socket, *tls_};
        const auto [error] =
            co_await stream.async_handshake(boost::asio::ssl::stream_base::server, as_result);
        if (!error) co_await converse(stream, connection);
    }

    template <class Stream>
    boost::asio::awaitable<void> converse(Stream& stream, std::size_t connection)
    {
        std::string input;
        for (std::size_t number = 0;; ++number) {
            ScriptedRequest request{connection, number, {}, {}};
            auto dynamic = boost::asio::dynamic_buffer(input);
            const auto [error, head_size] =
                co_await boost::asio::async_read_until(stream, dynamic, "\r\n\r\n", as_result);
            if (error) co_return;
            request.head = input.substr(0, head_size);
            input.erase(0, head_size);
            const bool early = request.head.find("x-answer-early") != request.head.npos;
            const std::size_t missing = content_length(request.head) - input.size();
            if (!early && content_length(request.head) > input.size())
                co_await boost::asio::async_read(stream, dynamic,
                                                 boost::asio::transfer_exactly(missing), as_result);
            request.body = std::exchange(input, {});
            const ScriptedAnswer reply = script_(request);
            remember(std::move(request));
            co_await boost::asio::async_write(stream, boost::asio::buffer(reply.bytes), as_result);
            if (reply.close) co_return;
            if (reply.hang) {
                char byte = 0;
                co_await stream.async_read_some(boost::asio::buffer(&byte, 1), as_result);
                co_return;
            }
        }
    }

    static std::size_t content_length(const std::string& head)
    {
        const std::size_t at = head.find("Content-Length: ");
        std::size_t length = 0;
        if (at != head.npos)
            std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
        return length;
    }

    void remember(ScriptedRequest request)
    {
        const std::scoped_lock lock{mutex_};
        requests_.push_back(std::move(request));
    }

    Script script_;
    boost::asio::ssl::context* tls_;
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::size_t connections_ = 0;
    std::size_t connections_closed_ = 0;
    std::vector<ScriptedRequest> requests_;
    std::thread thread_;
};

}  // namespace exchange::testing
