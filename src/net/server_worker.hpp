#pragma once

#include "net/server_connection.hpp"
#include "net/server_listen.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace exchange::net {

// The server's part on one context: its listening socket, its connections, their deadlines. All of
// it runs on that context's thread; `start`, `stop` and `abort` may be called from any.
class Worker : public std::enable_shared_from_this<Worker> {
public:
    Worker(std::shared_ptr<ServerCore> core, Acceptor acceptor);

    void start();
    // Takes no further connections (but those the kernel has accepted already), ends idle ones.
    void stop();
    // Closes every connection.
    void abort();

private:
    static boost::asio::awaitable<void> accept_loop(std::shared_ptr<Worker> self);
    static boost::asio::awaitable<void> sweep_loop(std::shared_ptr<Worker> self);
    static boost::asio::awaitable<void> serve(std::unique_ptr<Connection> connection);
    static boost::asio::awaitable<void> turn_away(std::unique_ptr<Connection> connection);

    void admit(Socket socket, const boost::asio::ip::tcp::endpoint& peer);
    void take_backlog();

    const std::shared_ptr<ServerCore> core_;
    Acceptor acceptor_;
    boost::asio::steady_timer sweep_timer_;
    const std::shared_ptr<ConnectionSet> connections_;
    bool stopping_ = false;
    bool aborted_ = false;
};

}  // namespace exchange::net
