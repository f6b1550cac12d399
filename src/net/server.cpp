#include "net/server.hpp"

#include "base/signal.hpp"
#include "net/server_listen.hpp"
#include "net/server_worker.hpp"

#include <utility>

namespace exchange::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class HttpServer final : public Server {
public:
    HttpServer(std::string address, ServerLimits limits, std::vector<Route> routes,
               ErrorRenderer render_error)
        : address_{std::move(address)},
          core_{std::make_shared<ServerCore>(limits, std::move(routes), std::move(render_error))}
    {
    }

    ~HttpServer() override { abort(); }

    void start(std::span<asio::io_context*> contexts) override
    {
        for (Acceptor& acceptor : listen(address_, contexts)) {
            port_ = acceptor.local_endpoint().port();
            workers_.push_back(std::make_shared<Worker>(core_, std::move(acceptor)));
        }
        for (const auto& worker : workers_) worker->start();
    }

    std::uint16_t port() const override { return port_; }

    asio::awaitable<void> drain(TimePoint deadline) override
    {
        core_->draining = true;
        for (const auto& worker : workers_) worker->stop();
        co_await wait_until_empty(deadline);
        abort();
        // The closed ones still have to notice; a handler that hangs is not waited for.
        co_await wait_until_empty(SteadyClock::now() + 100ms);
    }

    std::size_t connections() const override { return core_->connections; }
    std::size_t body_bytes_in_flight() const override { return core_->body_bytes; }

private:
    void abort()
    {
        for (const auto& worker : workers_) worker->abort();
    }

    asio::awaitable<void> wait_until_empty(TimePoint deadline)
    {
        while (core_->connections + core_->listeners > 0 && SteadyClock::now() < deadline)
            co_await sleep_until(SteadyClock::now() + 5ms);
    }

    const std::string address_;
    const std::shared_ptr<ServerCore> core_;
    std::vector<std::shared_ptr<Worker>> workers_;
    std::uint16_t port_ = 0;
};

}  // namespace

std::unique_ptr<Server> make_server(std::string address, ServerLimits limits,
                                    std::vector<Route> routes, ErrorRenderer render_error)
{
    return std::make_unique<HttpServer>(std::move(address), limits, std::move(routes),
                                        std::move(render_error));
}

}  // namespace exchange::net
