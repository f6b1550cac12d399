// What the HTTP server alone can do: answers 202 to every POST /v1/ingest. Measure it with
// wrk -t2 -c64 -s bench/http_post.lua http://127.0.0.1:PORT/v1/ingest
#include "net/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

namespace asio = boost::asio;
using namespace exchange;

asio::awaitable<net::Response> accepted(const net::RequestHead&, std::string body)
{
    net::Response response;
    response.status = body.empty() ? 400 : 202;
    response.body = R"({"record_id":"0190b5a4-8c6e-7000-8000-000000000000","correlation_id":"c"})";
    co_return response;
}

net::Response problem(unsigned status, std::string_view, std::string_view text,
                      const net::RequestHead*)
{
    return {status, "text/plain", {}, std::string{text}};
}

}  // namespace

int main(int argc, char** argv)
{
    const std::string address = argc > 1 ? argv[1] : "127.0.0.1:0";
    const std::size_t threads = argc > 2 ? static_cast<std::size_t>(std::atoi(argv[2])) : 2;
    std::vector<std::unique_ptr<asio::io_context>> owned;
    std::vector<asio::io_context*> contexts;
    for (std::size_t i = 0; i < threads; ++i)
        contexts.push_back(owned.emplace_back(std::make_unique<asio::io_context>(1)).get());

    net::Route route{"POST", "/v1/ingest", 10 << 20, "application/json", {}, accepted};
    const auto server = net::make_server(address, {}, {route}, problem);
    server->start(contexts);
    std::printf("%u\n", unsigned{server->port()});
    std::fflush(stdout);

    std::vector<std::jthread> runners;
    for (asio::io_context* context : contexts) runners.emplace_back([context] { context->run(); });
    asio::io_context signals_context;
    asio::signal_set signals{signals_context, SIGINT, SIGTERM};
    signals.async_wait([](auto, int) {});
    signals_context.run();
    for (asio::io_context* context : contexts) context->stop();
}
