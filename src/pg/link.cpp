#include "pg/link.hpp"

#include "pg/errors.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <stdexcept>

namespace exchange::pg {

namespace asio = boost::asio;
using Socket = asio::posix::stream_descriptor;

Link::Link(asio::any_io_executor executor) : socket_{executor}, timer_{executor} {}

Link::~Link()
{
    finish();
}

void Link::adopt(pg_conn* connection)
{
    connection_ = connection;
}

void Link::close()
{
    closing_ = true;
    if (!busy_) return finish();
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Link::finish()
{
    unwatch();
    if (connection_ != nullptr) PQfinish(connection_);
    connection_ = nullptr;
}

void Link::watch()
{
    socket_.assign(PQsocket(connection_));
}

void Link::unwatch()
{
    // The descriptor is libpq's to close.
    if (socket_.is_open()) socket_.release();
}

void Link::begin(TimePoint deadline)
{
    if (busy_) throw std::logic_error{"a Postgres connection runs one operation at a time"};
    if (closing_) throw Unavailable{"the connection to Postgres is closed"};
    if (SteadyClock::now() >= deadline)
        throw Unavailable{"no time was left to ask Postgres. Hint: it or this host is overloaded"};
    busy_ = true;
    timed_out_ = false;
    timer_.expires_at(deadline);
    const auto expire = [link = weak_from_this(), operation = ++operation_](auto error) {
        const std::shared_ptr<Link> alive = link.lock();
        if (alive && !error) alive->expired(operation);
    };
    timer_.async_wait(expire);
}

void Link::end(bool in_step)
{
    busy_ = false;
    timer_.cancel();
    if (!in_step) closing_ = true;
    if (closing_) finish();
}

void Link::expired(std::uint64_t operation)
{
    if (!busy_ || operation != operation_) return;
    timed_out_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Link::check_time() const
{
    if (closing_) throw Unavailable{"the connection to Postgres was closed"};
    if (timed_out_)
        throw Unavailable{fmt::format("Postgres at {} did not answer in time. Hint: see "
                                      "pg_stat_activity for what it waits for",
                                      where())};
}

asio::awaitable<void> Link::readable()
{
    check_time();
    co_await socket_.async_wait(Socket::wait_read, asio::as_tuple(asio::use_awaitable));
    check_time();
}

asio::awaitable<void> Link::writable()
{
    check_time();
    co_await socket_.async_wait(Socket::wait_write, asio::as_tuple(asio::use_awaitable));
    check_time();
}

asio::awaitable<void> Link::readable_or_writable()
{
    check_time();
    const auto read = [this](auto token) {
        return socket_.async_wait(Socket::wait_read, std::move(token));
    };
    const auto write = [this](auto token) {
        return socket_.async_wait(Socket::wait_write, std::move(token));
    };
    auto either = asio::experimental::make_parallel_group(read, write);
    co_await either.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    check_time();
}

void Link::lost() const
{
    std::string_view cause = PQerrorMessage(connection_);
    // What follows the first line is libpq's guess at a cause.
    cause = cause.substr(0, cause.find('\n'));
    throw Unavailable{fmt::format("Postgres at {}: {}. Hint: see the server's log for why", where(),
                                  cause.empty() ? "the connection was lost" : cause)};
}

std::string Link::where() const
{
    if (connection_ == nullptr) return "an unknown host";
    const char* host = PQhost(connection_);
    const char* port = PQport(connection_);
    return fmt::format("{}:{}", host == nullptr ? "" : host, port == nullptr ? "" : port);
}

}  // namespace exchange::pg
