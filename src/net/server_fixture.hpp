#pragma once

#include "base/signal.hpp"
#include "net/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// For the server's tests: a server with threads of its own, and a client that sends exactly the
// bytes it is given.
namespace exchange::net {

inline constexpr std::chrono::seconds patience{10};

inline bool eventually(const std::function<bool()>& condition)
{
    const TimePoint deadline = SteadyClock::now() + patience;
    while (!condition()) {
        if (SteadyClock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

class RawClient {
public:
    // `source`: the address of this machine to come from, as 127.0.0.2 in host order.
    explicit RawClient(std::uint16_t port, std::uint32_t source = INADDR_LOOPBACK)
        : fd_{::socket(AF_INET, SOCK_STREAM, 0)}
    {
        // The port is chosen when connecting, by what the pair of addresses has free.
        const int late = 1;
        ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
        connected_ = at(source, 0, ::bind) && at(INADDR_LOOPBACK, port, ::connect);
    }
    RawClient(RawClient&& other) noexcept
        : fd_{std::exchange(other.fd_, -1)}, connected_{other.connected_}, got_{other.got_}
    {
    }
    ~RawClient() { close(); }

    bool connected() const { return connected_; }
    void close()
    {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

    // False when the peer does not take it.
    bool send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // The next response as text, body included; what there is when the connection ends first.
    std::string response(bool has_body = true)
    {
        std::size_t end = std::string::npos;
        while ((end = got_.find("\r\n\r\n")) == std::string::npos && receive()) {
        }
        if (end == std::string::npos) return std::exchange(got_, {});
        std::size_t size = end + 4;
        const std::size_t field = got_.find("Content-Length: ");
        if (has_body && field < end) size += std::strtoul(got_.c_str() + field + 16, nullptr, 10);
        while (got_.size() < size && receive()) {
        }
        std::string whole = got_.substr(0, size);
        got_.erase(0, size);
        return whole;
    }

    std::string ask(std::string_view request)
    {
        send(request);
        return response();
    }

    // True when the server ended the connection in good order, having sent nothing more.
    bool ended()
    {
        while (receive()) {
        }
        return got_.empty() && last_read_ == 0;
    }
    // Ended in good order or by a reset, whatever came before.
    bool gone()
    {
        while (receive()) {
        }
        return !timed_out_;
    }

private:
    bool at(std::uint32_t host, std::uint16_t port,
            int (*call)(int, const sockaddr*, socklen_t)) const
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(host);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's way.
        return call(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }

    bool receive()
    {
        pollfd waiting{fd_, POLLIN, 0};
        const auto ms = std::chrono::milliseconds{patience}.count();
        timed_out_ = ::poll(&waiting, 1, static_cast<int>(ms)) <= 0;
        if (timed_out_) return false;
        char piece[16384];
        last_read_ = ::recv(fd_, piece, sizeof piece, 0);
        if (last_read_ > 0) got_.append(piece, static_cast<std::size_t>(last_read_));
        return last_read_ > 0;
    }

    int fd_;
    bool connected_ = false;
    bool timed_out_ = false;
    ssize_t last_read_ = -1;
    std::string got_;
};

inline std::string post(std::string_view path, std::string_view body, std::string_view fields = {})
{
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: h\r\n" + std::string{fields} +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

inline std::string get(std::string_view path)
{
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

inline std::string body_of(const std::string& response)
{
    const std::size_t end = response.find("\r\n\r\n");
    return end == std::string::npos ? "no response" : response.substr(end + 4);
}

inline unsigned status_of(const std::string& response)
{
    if (!response.starts_with("HTTP/1.1 ")) return 0;
    return static_cast<unsigned>(std::strtoul(response.c_str() + 9, nullptr, 10));
}

// Routes: GET and POST /echo, POST /json (Content-Type and precheck), POST /throw, GET /big, and
// POST /hold, which answers only once `release` was called.
class ServerTest : public testing::Test {
protected:
    static constexpr std::size_t body_bytes_max = 1024 * 1024;

    ~ServerTest() override
    {
        release();
        for (const auto& context : contexts_) context->stop();
        runners_.clear();
        server_.reset();
    }

    void start(ServerLimits limits = {}, std::size_t threads = 1)
    {
        std::vector<boost::asio::io_context*> contexts;
        for (std::size_t i = 0; i < threads; ++i)
            contexts.push_back(
                contexts_.emplace_back(std::make_unique<boost::asio::io_context>(1)).get());
        server_ = make_server("127.0.0.1:0", limits, routes(),
                              [](auto... parts) { return render(parts...); });
        server_->start(contexts);
        for (boost::asio::io_context* context : contexts)
            runners_.emplace_back([context] {
                const auto guard = boost::asio::make_work_guard(*context);
                context->run();
            });
    }

    RawClient client() const { return RawClient{server_->port()}; }
    Server& server() { return *server_; }

    std::future<void> drain(Duration within)
    {
        return boost::asio::co_spawn(*contexts_.front(),
                                     server_->drain(SteadyClock::now() + within),
                                     boost::asio::use_future);
    }

    void release() { *released_ = true; }
    bool holds(int requests) const
    {
        return eventually([&] { return *held_ == requests; });
    }

private:
    using Flag = std::shared_ptr<std::atomic<bool>>;
    using Count = std::shared_ptr<std::atomic<int>>;

    static Response render(unsigned status, std::string_view code, std::string_view,
                           const RequestHead*)
    {
        return {status, "text/plain", {}, std::string{code}};
    }

    static boost::asio::awaitable<Response> echo(const RequestHead& head, std::string body)
    {
        Response response;
        response.content_type = "text/plain";
        response.headers.emplace_back("X-Echo", std::string{head.header("X-Echo")});
        response.body = std::string{head.method()} + " " + std::string{head.path()} + " " +
                        std::string{head.query()} + " " + body;
        co_return response;
    }

    static boost::asio::awaitable<Response> fail(const RequestHead&, std::string)
    {
        throw std::runtime_error{"the secret cause"};
        co_return Response{};
    }

    static boost::asio::awaitable<Response> big(const RequestHead&, std::string)
    {
        Response response;
        response.body.assign(32 * 1024 * 1024, 'b');
        co_return response;
    }

    static boost::asio::awaitable<Response> hold(Flag released, Count held)
    {
        ++*held;
        while (!*released) co_await sleep_until(SteadyClock::now() + std::chrono::milliseconds{1});
        --*held;
        Response response;
        response.body = "held";
        co_return response;
    }

    static std::optional<Response> require_token(const RequestHead& head)
    {
        if (head.header("Authorization") == "Bearer dev") return std::nullopt;
        return Response{401, "text/plain", {}, "unauthorized"};
    }

    std::vector<Route> routes() const
    {
        const auto held = [released = released_, held = held_](const RequestHead&, std::string) {
            return hold(released, held);
        };
        return {
            {"GET", "/echo", 0, {}, {}, echo},
            {"POST", "/echo", body_bytes_max, {}, {}, echo},
            {"POST", "/json", body_bytes_max, "application/json", require_token, echo},
            {"POST", "/throw", body_bytes_max, {}, {}, fail},
            {"GET", "/big", 0, {}, {}, big},
            {"POST", "/hold", body_bytes_max, {}, {}, held},
        };
    }

    const Flag released_ = std::make_shared<std::atomic<bool>>(false);
    const Count held_ = std::make_shared<std::atomic<int>>(0);
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
    std::unique_ptr<Server> server_;
    std::vector<std::jthread> runners_;
};

}  // namespace exchange::net
