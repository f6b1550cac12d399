#include "reconcile/pg_outbox_rows.hpp"

#include "reconcile/sql.hpp"

namespace exchange::reconcile {

namespace asio = boost::asio;

namespace {

constexpr std::int32_t rows_per_page = 10'000;

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{30};
}

}  // namespace

ExpectedRow PgOutboxRows::read(const pg::Rows& rows, int row) const
{
    ExpectedRow expected;
    expected.id = rows.integer(row, 0);
    expected.topic = topic_prefix_;
    expected.topic += rows.bytes(row, 1);
    expected.record = RecordId{rows.uuid(row, 2)};
    expected.event = rows.uuid(row, 3);
    expected.lane = LaneId{static_cast<std::int16_t>(rows.integer(row, 4))};
    return expected;
}

asio::awaitable<std::vector<ExpectedRow>> PgOutboxRows::next()
{
    pg::Params params;
    params.int8(after_).int8(up_to_).int4(rows_per_page);
    const pg::Rows rows = co_await session_.run(sql::outbox_rows, std::move(params), soon());
    std::vector<ExpectedRow> page;
    page.reserve(static_cast<std::size_t>(rows.size()));
    for (int row = 0; row < rows.size(); ++row) {
        page.push_back(read(rows, row));
        page.back().passed_over = rows.boolean(row, 5);
    }
    if (!page.empty()) after_ = page.back().id;
    co_return page;
}

asio::awaitable<std::vector<ExpectedRow>> PgOutboxRows::by_id(std::vector<std::int64_t> ids)
{
    pg::Params params;
    params.int8_array(ids);
    const pg::Rows rows = co_await session_.run(sql::rows_by_id, std::move(params), soon());
    std::vector<ExpectedRow> found;
    for (int row = 0; row < rows.size(); ++row) found.push_back(read(rows, row));
    co_return found;
}

}  // namespace exchange::reconcile
