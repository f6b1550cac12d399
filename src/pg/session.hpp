#pragma once

#include "pg/connection.hpp"

// A connection that is opened when first needed and again after it broke: what a long-lived loop
// holds. Not a pool; one operation at a time.
namespace exchange::pg {

class Session {
public:
    Session(boost::asio::any_io_executor executor, ConnectConfig config);

    // The open connection. Throws `Unavailable` when it cannot be had before the deadline. After a
    // failed attempt, further ones within `retry_pause` fail at once, so that a server that is away
    // costs a caller nothing.
    boost::asio::awaitable<Connection*> connection(TimePoint deadline);

    // Shorthands: connection(), then that operation.
    boost::asio::awaitable<Rows> run(Statement statement, Params params, TimePoint deadline);
    boost::asio::awaitable<std::vector<Rows>> transaction(std::vector<Step> steps,
                                                          TimePoint deadline);
    void close();

private:
    boost::asio::any_io_executor executor_;
    ConnectConfig config_;
    std::unique_ptr<Connection> connection_;
    TimePoint not_before_{};
    std::string last_error_;
};

}  // namespace exchange::pg
