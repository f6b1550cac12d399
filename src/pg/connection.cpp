#include "pg/connection.hpp"

#include "pg/connect.hpp"
#include "pg/failure.hpp"
#include "pg/pipeline.hpp"
#include "pg/sql.hpp"

#include <libpq-fe.h>

namespace exchange::pg {
namespace {

namespace asio = boost::asio;

// After an error inside BEGIN … COMMIT the server still holds the transaction open.
asio::awaitable<void> leave_transaction(Link& link)
{
    if (PQtransactionStatus(link.raw()) == PQTRANS_IDLE) co_return;
    const std::vector<Step> steps{Step{sql::rollback_transaction, {}}};
    const Answers answers = co_await pipeline(link, steps);
    if (answers.failure) raise(*answers.failure);
}

// Brings the link back to idle, or leaves it to be closed. The failure that led here is what the
// caller wants to know, so one on the way out is not reported.
asio::awaitable<void> settle(Link& link, Operation& operation,
                             const std::optional<Failure>& failure)
{
    if (failure && failure->verdict == Verdict::broken) co_return;
    try {
        co_await leave_transaction(link);
        operation.completed();
    } catch (const std::exception&) {
        if (!failure) throw;
    }
}

asio::awaitable<std::vector<Rows>> run_steps(std::shared_ptr<Link> link, std::vector<Step> steps,
                                             TimePoint deadline)
{
    Operation operation{*link, deadline};
    Answers answers = co_await pipeline(*link, steps);
    co_await settle(*link, operation, answers.failure);
    if (answers.failure) raise(*answers.failure);
    co_return std::move(answers.rows);
}

asio::awaitable<Rows> run_one(std::shared_ptr<Link> link, Statement statement, Params params,
                              TimePoint deadline)
{
    std::vector<Step> steps;
    steps.push_back({statement, std::move(params)});
    std::vector<Rows> rows = co_await run_steps(std::move(link), std::move(steps), deadline);
    co_return std::move(rows.front());
}

asio::awaitable<std::vector<Rows>> run_transaction(std::shared_ptr<Link> link,
                                                   std::vector<Step> steps, TimePoint deadline)
{
    std::vector<Step> all;
    all.reserve(steps.size() + 2);
    all.push_back({sql::begin_transaction, {}});
    std::move(steps.begin(), steps.end(), std::back_inserter(all));
    all.push_back({sql::commit_transaction, {}});
    std::vector<Rows> rows = co_await run_steps(std::move(link), std::move(all), deadline);
    rows.pop_back();
    rows.erase(rows.begin());
    co_return rows;
}

asio::awaitable<void> run_script(std::shared_ptr<Link> link, std::string text, TimePoint deadline)
{
    Operation operation{*link, deadline};
    const std::optional<Failure> failure = co_await simple_query(*link, text);
    co_await settle(*link, operation, failure);
    if (failure) raise(*failure);
}

class PgConnection final : public Connection {
public:
    explicit PgConnection(std::shared_ptr<Link> link)
        : link_{std::move(link)}, server_version_{PQserverVersion(link_->raw())}
    {
    }
    ~PgConnection() override { link_->close(); }

    asio::awaitable<Rows> run(Statement statement, Params params, TimePoint deadline) override
    {
        return run_one(link_, statement, std::move(params), deadline);
    }
    asio::awaitable<std::vector<Rows>> transaction(std::vector<Step> steps,
                                                   TimePoint deadline) override
    {
        return run_transaction(link_, std::move(steps), deadline);
    }
    asio::awaitable<void> script(std::string text, TimePoint deadline) override
    {
        return run_script(link_, std::move(text), deadline);
    }
    bool usable() const override { return link_->usable(); }
    int server_version() const override { return server_version_; }
    void close() override { link_->close(); }

private:
    std::shared_ptr<Link> link_;
    int server_version_;
};

}  // namespace

asio::awaitable<std::unique_ptr<Connection>>
Connection::open(asio::any_io_executor executor, ConnectConfig config, TimePoint deadline)
{
    std::shared_ptr<Link> link = co_await connect(std::move(executor), std::move(config), deadline);
    Params none;
    co_await run_one(link, sql::commit_durably, std::move(none), deadline);
    co_return std::make_unique<PgConnection>(std::move(link));
}

}  // namespace exchange::pg
