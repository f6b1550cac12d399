#include "pg/session.hpp"

#include "pg/errors.hpp"

namespace exchange::pg {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds retry_pause{250};

}  // namespace

Session::Session(asio::any_io_executor executor, ConnectConfig config)
    : executor_{std::move(executor)}, config_{std::move(config)}
{
}

asio::awaitable<Connection*> Session::connection(TimePoint deadline)
{
    if (connection_ && connection_->usable()) co_return connection_.get();
    if (SteadyClock::now() < not_before_) throw Unavailable{last_error_};
    connection_.reset();
    try {
        connection_ = co_await Connection::open(executor_, config_, deadline);
    } catch (const Unavailable& unavailable) {
        last_error_ = unavailable.what();
        not_before_ = SteadyClock::now() + retry_pause;
        throw;
    }
    co_return connection_.get();
}

asio::awaitable<Rows> Session::run(Statement statement, Params params, TimePoint deadline)
{
    Connection* const open = co_await connection(deadline);
    co_return co_await open->run(statement, std::move(params), deadline);
}

asio::awaitable<std::vector<Rows>> Session::transaction(std::vector<Step> steps, TimePoint deadline)
{
    Connection* const open = co_await connection(deadline);
    co_return co_await open->transaction(std::move(steps), deadline);
}

void Session::close()
{
    if (connection_) connection_->close();
}

}  // namespace exchange::pg
