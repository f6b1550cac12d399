#pragma once

#include "base/time.hpp"
#include "pg/prepared.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

struct pg_conn;

// One libpq connection, its socket on Asio, and the deadline of the operation under way. Knows
// nothing of SQL. Shared by the connection object and the operation, so that either may go first.
namespace exchange::pg {

class Link : public std::enable_shared_from_this<Link> {
public:
    explicit Link(boost::asio::any_io_executor executor);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    // Takes over a connection that PQconnectStart made.
    void adopt(pg_conn* connection);
    pg_conn* raw() const { return connection_; }

    bool usable() const { return connection_ != nullptr && !closing_; }
    // Closes without waiting; at the end of the operation under way if there is one, which ends
    // with `Unavailable`.
    void close();

    // Registers the socket with Asio. libpq changes it while connecting and must find it
    // unregistered whenever it may.
    void watch();
    void unwatch();

    // Each throws `Unavailable` when the deadline passes or the link is closed meanwhile.
    boost::asio::awaitable<void> readable();
    boost::asio::awaitable<void> writable();
    boost::asio::awaitable<void> readable_or_writable();

    // libpq's words for why the connection broke, and what to do; never a password.
    [[noreturn]] void lost() const;
    // host:port, or the socket's folder.
    std::string where() const;

    PreparedStatements prepared;

private:
    friend class Operation;

    void begin(TimePoint deadline);
    void end(bool in_step);
    void expired(std::uint64_t operation);
    void check_time() const;
    void finish();

    pg_conn* connection_ = nullptr;
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer timer_;
    // Counts operations, so that the timer of one cannot end the next.
    std::uint64_t operation_ = 0;
    bool busy_ = false;
    bool closing_ = false;
    bool timed_out_ = false;
};

// One operation on a link: starts its deadline, and closes the link unless it was `completed`,
// since what the server would say next is not known then.
class Operation {
public:
    // Throws `Unavailable` when the link is closed or the deadline has passed already: nothing is
    // sent then and the link stays as it was. std::logic_error when another operation is under way.
    Operation(Link& link, TimePoint deadline) : link_{link} { link_.begin(deadline); }
    ~Operation() { link_.end(completed_); }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    void completed() { completed_ = true; }

private:
    Link& link_;
    bool completed_ = false;
};

}  // namespace exchange::pg
