#pragma once

#include "net/client_connection.hpp"

#include <list>
#include <memory>
#include <vector>

// The connections of one client and the queue for them. At most `connections_max` are leased or
// idle at once; who waits is served first come, first served.
namespace exchange::net {

class ClientPool;

// The right to use one connection, until destroyed.
class ClientLease {
public:
    ClientLease(std::shared_ptr<ClientPool> pool, std::shared_ptr<ClientConnection> connection)
        : pool_{std::move(pool)}, connection_{std::move(connection)}
    {
    }
    ClientLease(ClientLease&&) = default;
    ClientLease& operator=(ClientLease&&) = delete;
    ~ClientLease();

    // Null until `renew` when the pool had no connection to hand.
    ClientConnection* connection() { return connection_.get(); }
    // Another connection, not yet opened, in place of this one.
    ClientConnection& renew();

private:
    std::shared_ptr<ClientPool> pool_;
    std::shared_ptr<ClientConnection> connection_;
};

class ClientPool : public std::enable_shared_from_this<ClientPool> {
public:
    ClientPool(boost::asio::any_io_executor executor, Origin origin, std::size_t connections_max);

    const Origin& origin() const { return origin_; }
    // Throws ClientError when none is free before the deadline.
    boost::asio::awaitable<ClientLease> acquire(TimePoint deadline);

private:
    friend class ClientLease;
    struct Waiter {
        boost::asio::steady_timer timer;
        bool granted = false;
        std::shared_ptr<ClientConnection> connection;
    };
    class QueuePlace;

    std::shared_ptr<ClientConnection> make_connection();
    std::shared_ptr<ClientConnection> take_idle();
    // Passes the right on, with the connection if it can be used again.
    void give_back(std::shared_ptr<ClientConnection> connection);

    boost::asio::any_io_executor executor_;
    Origin origin_;
    std::unique_ptr<boost::asio::ssl::context> tls_;
    std::size_t connections_max_;
    std::size_t leased_ = 0;
    std::vector<std::shared_ptr<ClientConnection>> idle_;
    std::list<Waiter*> queue_;
};

}  // namespace exchange::net
