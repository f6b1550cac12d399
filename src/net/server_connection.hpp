#pragma once

#include "base/time.hpp"
#include "net/server_core.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <span>
#include <string_view>
#include <unordered_set>

namespace exchange::net {

using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

class Connection;

// The connections of one context, on its thread only.
class ConnectionSet {
public:
    explicit ConnectionSet(std::shared_ptr<ServerCore> core) : core_{std::move(core)} {}

    ServerCore& core() { return *core_; }
    void add(Connection& connection);
    void remove(Connection& connection);

    void expire_late(TimePoint now);
    // Ends those that wait for a request. One that was never asked anything gets a moment more: its
    // client may have connected before it could know that this server goes away.
    void end_idle(TimePoint now);
    void close_all();

private:
    const std::shared_ptr<ServerCore> core_;
    std::unordered_set<Connection*> connections_;
};

// One accepted socket whose every wait has a deadline. Deadlines are enforced by the set's sweep,
// so that setting one costs a store and no timer. Counted in the core while it exists.
class Connection {
public:
    enum class Waiting { no, for_first_request, for_next_request };

    struct Read {
        // 0: the connection ended, or the deadline passed.
        std::size_t bytes = 0;
        bool timed_out = false;
    };

    Connection(Socket socket, bool peer_is_loopback, std::shared_ptr<ConnectionSet> set);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    ServerCore& core() { return set_->core(); }
    bool peer_is_loopback() const { return peer_is_loopback_; }

    boost::asio::awaitable<Read> read_some(std::span<char> into, TimePoint deadline,
                                           Waiting waiting = Waiting::no);

    // Tries at once; true when the kernel took all of it. Otherwise the rest is left in `bytes`.
    bool write_now(std::string_view& bytes);
    // False when the peer is gone or too slow.
    boost::asio::awaitable<bool> write(std::string_view bytes);

    // Half-closes and reads what still comes, briefly: closing with unread input would reset the
    // connection, and the peer would lose the answer that tells it why.
    boost::asio::awaitable<void> linger();

    void expire_if_late(TimePoint now);
    void end_if_idle(TimePoint now);
    void close();

private:
    void expire();

    Socket socket_;
    const bool peer_is_loopback_;
    const std::shared_ptr<ConnectionSet> set_;
    // Of the pending operation; the maximum when there is none.
    TimePoint deadline_ = TimePoint::max();
    bool expired_ = false;
    Waiting waiting_ = Waiting::no;
};

// When a transfer that began at `start` and moved `bytes` so far is to be given up.
TimePoint transfer_deadline(TimePoint start, Duration at_least, std::size_t bytes,
                            std::size_t slowest_bytes_per_s);

}  // namespace exchange::net
