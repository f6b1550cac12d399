#include "outbox/backlog.hpp"

#include "outbox/sql.hpp"

namespace exchange::outbox {

namespace {

// Counting further would cost more than the figure is worth.
constexpr std::int64_t rows_counted_max = 20000;

}  // namespace

boost::asio::awaitable<std::vector<LaneBacklog>> read_backlog(pg::Session& session,
                                                              TimePoint deadline)
{
    pg::Params params;
    params.int8(rows_counted_max);
    const pg::Rows rows = co_await session.run(sql::read_backlog, std::move(params), deadline);
    std::vector<LaneBacklog> backlog;
    for (int row = 0; row < rows.size(); ++row) {
        LaneBacklog lane;
        lane.lane = LaneId{static_cast<std::int16_t>(rows.integer(row, 0))};
        lane.rows = rows.integer(row, 1);
        lane.oldest_s = rows.float8(row, 2);
        lane.bytes = rows.float8(row, 3);
        backlog.push_back(lane);
    }
    co_return backlog;
}

boost::asio::awaitable<double> database_bytes(pg::Session& session, TimePoint deadline)
{
    pg::Params none;
    const pg::Rows rows = co_await session.run(sql::database_size, std::move(none), deadline);
    co_return static_cast<double>(rows.integer(0, 0));
}

void expose(obs::Metrics& metrics, const std::vector<LaneBacklog>& backlog)
{
    for (const LaneBacklog& lane : backlog) {
        const std::string name = std::to_string(number(lane.lane));
        metrics
            .gauge("exchange_outbox_unpublished_rows",
                   "Rows waiting for the relay; exact up to 20000, estimated beyond",
                   {{"lane", name}})
            .set(static_cast<double>(lane.rows));
        metrics
            .gauge("exchange_outbox_unpublished_bytes",
                   "Raw bytes of the rows waiting for the relay; estimated beyond 20000 rows",
                   {{"lane", name}})
            .set(lane.bytes);
        metrics
            .gauge("exchange_outbox_oldest_unpublished_seconds",
                   "Age of the oldest row waiting for the relay", {{"lane", name}})
            .set(lane.oldest_s);
    }
}

}  // namespace exchange::outbox
