#include "net/server_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace exchange::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto when_done = asio::as_tuple(asio::use_awaitable);

// Long enough for a client to finish sending 10 MiB on a local line and then read the answer.
constexpr Duration linger_most = 2s;
constexpr Duration first_request_grace = 250ms;

}  // namespace

void ConnectionSet::add(Connection& connection)
{
    connections_.insert(&connection);
    ++core_->connections;
}

void ConnectionSet::remove(Connection& connection)
{
    connections_.erase(&connection);
    --core_->connections;
}

void ConnectionSet::expire_late(TimePoint now)
{
    for (Connection* connection : connections_) connection->expire_if_late(now);
}

void ConnectionSet::end_idle(TimePoint now)
{
    for (Connection* connection : connections_) connection->end_if_idle(now);
}

void ConnectionSet::close_all()
{
    for (Connection* connection : connections_) connection->close();
}

Connection::Connection(Socket socket, bool peer_is_loopback, std::shared_ptr<ConnectionSet> set)
    : socket_{std::move(socket)}, peer_is_loopback_{peer_is_loopback}, set_{std::move(set)}
{
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    set_->add(*this);
}

Connection::~Connection()
{
    set_->remove(*this);
}

asio::awaitable<Connection::Read> Connection::read_some(std::span<char> into, TimePoint deadline,
                                                        Waiting waiting)
{
    deadline_ = deadline;
    expired_ = false;
    waiting_ = waiting;
    // A drain that began before this wait has no other chance to end it.
    if (waiting != Waiting::no && core().draining) end_if_idle(SteadyClock::now());
    if (expired_) co_return Read{};
    const auto [error, bytes] =
        co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), when_done);
    deadline_ = TimePoint::max();
    waiting_ = Waiting::no;
    if (error) co_return Read{0, expired_};
    co_return Read{bytes, false};
}

bool Connection::write_now(std::string_view& bytes)
{
    boost::system::error_code error;
    const std::size_t written = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
    // What the error was, the awaited write will find out.
    if (!error) bytes.remove_prefix(written);
    return bytes.empty();
}

asio::awaitable<bool> Connection::write(std::string_view bytes)
{
    const ServerLimits& limits = core().limits;
    const TimePoint start = SteadyClock::now();
    std::size_t total = 0;
    while (total < bytes.size()) {
        deadline_ =
            transfer_deadline(start, limits.write_timeout, total, limits.slowest_bytes_per_s);
        const auto [error, written] = co_await socket_.async_write_some(
            asio::buffer(bytes.data() + total, bytes.size() - total), when_done);
        deadline_ = TimePoint::max();
        if (error) co_return false;
        total += written;
    }
    co_return true;
}

asio::awaitable<void> Connection::linger()
{
    boost::system::error_code error;
    socket_.shutdown(asio::socket_base::shutdown_send, error);
    if (error) co_return;
    const TimePoint until = SteadyClock::now() + linger_most;
    std::array<char, 4096> dropped;
    for (Read read{1}; read.bytes > 0 && SteadyClock::now() < until;)
        read = co_await read_some(dropped, until);
}

void Connection::expire_if_late(TimePoint now)
{
    if (now >= deadline_) expire();
}

void Connection::end_if_idle(TimePoint now)
{
    if (waiting_ == Waiting::for_next_request) expire();
    if (waiting_ == Waiting::for_first_request)
        deadline_ = std::min(deadline_, now + first_request_grace);
}

void Connection::expire()
{
    expired_ = true;
    deadline_ = TimePoint::max();
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Connection::close()
{
    boost::system::error_code ignored;
    socket_.close(ignored);
}

TimePoint transfer_deadline(TimePoint start, Duration at_least, std::size_t bytes,
                            std::size_t slowest_bytes_per_s)
{
    const std::size_t rate = std::max<std::size_t>(slowest_bytes_per_s, 1);
    return start + at_least + std::chrono::milliseconds{bytes * 1000 / rate};
}

}  // namespace exchange::net
