#pragma once

#include "base/time.hpp"
#include "pg/errors.hpp"
#include "pg/params.hpp"
#include "pg/rows.hpp"
#include "pg/statement.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

// One session with Postgres over libpq, on the executor it was opened on; one operation at a time.
//
// Each operation has a deadline and throws `Unavailable` when it passes or the connection breaks
// (the connection is then dead: `usable()` is false; open another), `Refused` when the server says
// no (the connection stays usable, as it does after a lock time-out or serialization failure).
// Statements are prepared under their name on first use, in the same round trip; two statements of
// one name on one connection are a programmer's mistake (std::logic_error).
namespace exchange::pg {

struct ConnectConfig {
    // A libpq connection string or URI; empty: libpq's PG* variables. Passwords never leave it.
    std::string conninfo;
    // Shown in pg_stat_activity.
    std::string application_name = "exchange";
    // Server-side bounds, set at connection time: a client that is stuck or stopped must not hold
    // a lane's lock for long (docs/ARCHITECTURE.md, "Lanes").
    std::chrono::milliseconds lock_timeout{5000};
    std::chrono::milliseconds statement_timeout{30000};
    std::chrono::milliseconds idle_in_transaction_timeout{10000};
};

// One statement of a transaction.
struct Step {
    Statement statement;
    Params params;
};

class Connection {
public:
    // Throws `Unavailable` for whatever reason it fails, wrong credentials included, with the cause
    // and a remedy. Host names are looked up in the background, so the loop never stands still.
    static boost::asio::awaitable<std::unique_ptr<Connection>>
    open(boost::asio::any_io_executor executor, ConnectConfig config, TimePoint deadline);

    virtual ~Connection() = default;

    // One statement, its own transaction, one round trip. Returns only after the server reported
    // the commit (ReadyForQuery); an error raised at commit throws too.
    virtual boost::asio::awaitable<Rows> run(Statement statement, Params params,
                                             TimePoint deadline) = 0;

    // All steps in one transaction, sent in one flush (pipeline), answered together. A refused step
    // rolls back all and throws that step's error.
    virtual boost::asio::awaitable<std::vector<Rows>> transaction(std::vector<Step> steps,
                                                                  TimePoint deadline) = 0;

    // SQL text with several statements and no parameters, for migrations and tests.
    virtual boost::asio::awaitable<void> script(std::string text, TimePoint deadline) = 0;

    virtual bool usable() const = 0;
    // Of the server: e.g. 150018. Known even after the connection broke.
    virtual int server_version() const = 0;
    // Closes without waiting; twice is safe. An operation under way ends with `Unavailable`, also
    // when the connection is destroyed meanwhile.
    virtual void close() = 0;
};

}  // namespace exchange::pg
