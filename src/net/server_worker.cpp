#include "net/server_worker.hpp"

#include "base/signal.hpp"
#include "net/server_format.hpp"
#include "net/server_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace exchange::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

// Out of descriptors or memory: whatever ends meanwhile makes room.
constexpr Duration accept_pause = 100ms;
// Beyond connections_max, so many are told; the rest are closed, which costs nothing to hold.
constexpr std::size_t turned_away_max = 256;
constexpr int backlog_taken_max = 4096;

// An eighth of the shortest time-out is late enough; four times a second costs nothing.
Duration sweep_period(const ServerLimits& limits)
{
    const Duration shortest = std::min(
        {limits.header_timeout, limits.body_timeout, limits.write_timeout, limits.idle_timeout});
    return std::clamp<Duration>(shortest / 8, 1ms, 250ms);
}

bool is_loopback(const tcp::endpoint& peer)
{
    const asio::ip::address address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback();
}

}  // namespace

Worker::Worker(std::shared_ptr<ServerCore> core, Acceptor acceptor)
    : core_{std::move(core)},
      acceptor_{std::move(acceptor)},
      sweep_timer_{acceptor_.get_executor()},
      connections_{std::make_shared<ConnectionSet>(core_)}
{
}

void Worker::start()
{
    ++core_->listeners;
    asio::co_spawn(acceptor_.get_executor(), accept_loop(shared_from_this()), asio::detached);
    asio::co_spawn(acceptor_.get_executor(), sweep_loop(shared_from_this()), asio::detached);
}

void Worker::stop()
{
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
        self->stopping_ = true;
        boost::system::error_code ignored;
        self->acceptor_.cancel(ignored);
        self->connections_->end_idle(SteadyClock::now());
    });
}

void Worker::abort()
{
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
        self->stopping_ = true;
        self->aborted_ = true;
        boost::system::error_code ignored;
        self->acceptor_.close(ignored);
        self->sweep_timer_.cancel();
        self->connections_->close_all();
    });
}

asio::awaitable<void> Worker::accept_loop(std::shared_ptr<Worker> self)
{
    while (!self->stopping_) {
        Socket socket{self->acceptor_.get_executor()};
        tcp::endpoint peer;
        const auto [error] = co_await self->acceptor_.async_accept(
            socket, peer, asio::as_tuple(asio::use_awaitable));
        if (!error) self->admit(std::move(socket), peer);
        else if (!self->stopping_ && error != asio::error::connection_aborted)
            co_await sleep_until(SteadyClock::now() + accept_pause);
    }
    self->take_backlog();
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    --self->core_->listeners;
}

// Closing the listening socket resets what waits in it, so those clients are served first.
void Worker::take_backlog()
{
    boost::system::error_code error;
    acceptor_.non_blocking(true, error);
    if (error) return;
    for (int taken = 0; taken < backlog_taken_max; ++taken) {
        Socket socket{acceptor_.get_executor()};
        tcp::endpoint peer;
        acceptor_.accept(socket, peer, error);
        if (error) return;
        admit(std::move(socket), peer);
    }
}

void Worker::admit(Socket socket, const tcp::endpoint& peer)
{
    const auto executor = acceptor_.get_executor();
    auto connection =
        std::make_unique<Connection>(std::move(socket), is_loopback(peer), connections_);
    const std::size_t open = core_->connections;
    const std::size_t most = core_->limits.connections_max;
    if (open <= most) asio::co_spawn(executor, serve(std::move(connection)), asio::detached);
    else if (open <= most + turned_away_max)
        asio::co_spawn(executor, turn_away(std::move(connection)), asio::detached);
}

asio::awaitable<void> Worker::serve(std::unique_ptr<Connection> connection)
{
    Session session{*connection};
    co_await session.run();
}

asio::awaitable<void> Worker::turn_away(std::unique_ptr<Connection> connection)
{
    std::string out;
    Response response =
        render(connection->core(), 503, "too_many_connections",
               "The server holds as many connections as it may; repeat later.", nullptr);
    format_head(out, response, Afterwards::close);
    out += response.body;
    std::string_view rest = out;
    if (connection->write_now(rest)) co_await connection->linger();
}

asio::awaitable<void> Worker::sweep_loop(std::shared_ptr<Worker> self)
{
    const Duration period = sweep_period(self->core_->limits);
    while (!self->aborted_) {
        self->sweep_timer_.expires_after(period);
        co_await self->sweep_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        self->connections_->expire_late(SteadyClock::now());
    }
}

}  // namespace exchange::net
