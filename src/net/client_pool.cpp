#include "net/client_pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>

namespace exchange::net {
namespace {

namespace asio = boost::asio;

std::unique_ptr<asio::ssl::context> make_tls_context()
{
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                         asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1);
    context->set_default_verify_paths();
    context->set_verify_mode(asio::ssl::verify_peer);
    return context;
}

}  // namespace

// Leaves the queue however the waiting coroutine ends; a right granted but not taken is passed on.
class ClientPool::QueuePlace {
public:
    QueuePlace(ClientPool& pool, Waiter& waiter)
        : pool_{pool}, waiter_{waiter}, place_{pool.queue_.insert(pool.queue_.end(), &waiter)}
    {
    }
    ~QueuePlace()
    {
        if (!waiter_.granted) pool_.queue_.erase(place_);
        else if (!taken_) pool_.give_back(std::move(waiter_.connection));
    }
    QueuePlace(const QueuePlace&) = delete;
    QueuePlace& operator=(const QueuePlace&) = delete;

    std::shared_ptr<ClientConnection> take()
    {
        taken_ = true;
        return std::move(waiter_.connection);
    }

private:
    ClientPool& pool_;
    Waiter& waiter_;
    std::list<Waiter*>::iterator place_;
    bool taken_ = false;
};

ClientLease::~ClientLease()
{
    if (pool_ != nullptr) pool_->give_back(std::move(connection_));
}

ClientConnection& ClientLease::renew()
{
    connection_ = pool_->make_connection();
    return *connection_;
}

ClientPool::ClientPool(asio::any_io_executor executor, Origin origin, std::size_t connections_max)
    : executor_{std::move(executor)}, origin_{std::move(origin)}, connections_max_{connections_max}
{
    if (connections_max == 0) throw std::invalid_argument{"connections_max must be at least 1"};
    if (origin_.tls) tls_ = make_tls_context();
}

asio::awaitable<ClientLease> ClientPool::acquire(TimePoint deadline)
{
    if (leased_ < connections_max_) {
        ++leased_;
        co_return ClientLease{shared_from_this(), take_idle()};
    }
    Waiter waiter{asio::steady_timer{executor_, deadline}, false, nullptr};
    QueuePlace place{*this, waiter};
    co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!waiter.granted)
        throw ClientError{origin_.text() + ": all " + std::to_string(connections_max_) +
                          " connections were busy until the deadline"};
    co_return ClientLease{shared_from_this(), place.take()};
}

std::shared_ptr<ClientConnection> ClientPool::make_connection()
{
    return std::make_shared<ClientConnection>(executor_, origin_, tls_.get());
}

std::shared_ptr<ClientConnection> ClientPool::take_idle()
{
    const TimePoint now = SteadyClock::now();
    while (!idle_.empty()) {
        const std::shared_ptr<ClientConnection> connection = std::move(idle_.back());
        idle_.pop_back();
        if (!connection->is_stale(now)) return connection;
    }
    return nullptr;
}

void ClientPool::give_back(std::shared_ptr<ClientConnection> connection)
{
    if (connection != nullptr && !connection->reusable()) connection.reset();
    if (queue_.empty()) {
        --leased_;
        if (connection != nullptr) idle_.push_back(std::move(connection));
        return;
    }
    Waiter& next = *queue_.front();
    queue_.pop_front();
    next.granted = true;
    next.connection = std::move(connection);
    next.timer.cancel();
}

}  // namespace exchange::net
