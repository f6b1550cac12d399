#include "app/probe.hpp"

#include "app/config.hpp"
#include "net/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace exchange::app {

namespace asio = boost::asio;

std::string origin_of_listener(const std::string& listen_addr)
{
    const std::size_t colon = listen_addr.rfind(':');
    if (colon == std::string::npos || listen_addr.substr(colon) == ":0")
        throw ConfigError{fmt::format("LISTEN_ADDR is {}, at which nothing can be asked. Hint: the "
                                      "host:port that serve was started with",
                                      listen_addr)};
    std::string host = listen_addr.substr(0, colon);
    if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "[::]" || host == "::") host = "[::1]";
    return fmt::format("http://{}{}", host, listen_addr.substr(colon));
}

asio::awaitable<ProbeAnswer> probe(std::string origin, std::string path, TimePoint deadline)
{
    ProbeAnswer answer;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    try {
        const auto client = net::make_client(executor, origin, 1);
        net::ClientRequest request;
        request.method = "GET";
        request.target = path;
        const net::ClientResponse response = co_await client->send(std::move(request), deadline);
        answer.passed = response.status == 200;
        answer.detail = response.body.substr(0, response.body.find('\n'));
    } catch (const net::ClientError& failure) {
        answer.detail = failure.what();
    }
    co_return answer;
}

}  // namespace exchange::app
