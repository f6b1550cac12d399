#include "outbox/append.hpp"

#include "outbox/sql.hpp"

namespace exchange::outbox {
namespace {

template <class Of>
auto column(std::span<const AppendRow> rows, Of of)
{
    std::vector<decltype(of(rows[0]))> values;
    values.reserve(rows.size());
    for (const AppendRow& row : rows) values.push_back(of(row));
    return values;
}

std::string_view as_text(const std::array<std::uint8_t, 32>& digest)
{
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

pg::Params make_params(const Layout& layout, LaneId lane, std::span<const AppendRow> rows)
{
    pg::Params params;
    params.int4(layout.version).int2(number(lane));
    params.text_array(column(rows, [](const AppendRow& row) { return row.source; }));
    params.text_array(column(rows, [](const AppendRow& row) { return row.key; }));
    params.bytea_array(column(rows, [](const AppendRow& row) { return as_text(row.sha256); }));
    params.uuid_array(column(rows, [](const AppendRow& row) { return row.record_id.value; }));
    params.uuid_array(column(rows, [](const AppendRow& row) { return row.event_id; }));
    params.text_array(column(rows, [](const AppendRow& row) { return row.correlation_id; }));
    params.text_array(column(rows, [](const AppendRow& row) { return row.kind; }));
    params.text_array(column(rows, [](const AppendRow& row) { return row.schema_hint; }));
    params.int2_array(column(rows, [](const AppendRow& row) { return row.api; }));
    params.text_array(column(rows, [](const AppendRow& row) { return row.traceparent; }));
    params.bytea_array(column(rows, [](const AppendRow& row) { return row.body; }));
    return params;
}

std::vector<AppendAnswer> read_answers(const pg::Rows& rows, std::size_t expected)
{
    if (static_cast<std::size_t>(rows.size()) != expected)
        throw std::logic_error{"append_records answered another number of rows than it was given"};
    std::vector<AppendAnswer> answers(expected);
    for (int row = 0; row < rows.size(); ++row) {
        AppendAnswer& answer = answers.at(static_cast<std::size_t>(rows.integer(row, 0)) - 1);
        answer.outcome = static_cast<AppendOutcome>(rows.integer(row, 1));
        answer.record_id = RecordId{rows.uuid(row, 2)};
        answer.correlation_id = rows.bytes(row, 3);
    }
    return answers;
}

}  // namespace

boost::asio::awaitable<std::vector<AppendAnswer>> append(pg::Session& session, const Layout& layout,
                                                         LaneId lane,
                                                         std::span<const AppendRow> rows,
                                                         TimePoint deadline)
{
    pg::Params params = make_params(layout, lane, rows);
    try {
        const pg::Rows answers =
            co_await session.run(sql::append_records, std::move(params), deadline);
        co_return read_answers(answers, rows.size());
    } catch (const pg::Refused& refused) {
        if (refused.sqlstate() == "EX001") throw LayoutChanged{};
        throw;
    }
}

boost::asio::awaitable<std::vector<std::optional<AppendAnswer>>>
look_up(pg::Session& session, std::span<const AppendRow> rows, TimePoint deadline)
{
    pg::Params params;
    params.text_array(column(rows, [](const AppendRow& row) { return row.source; }));
    params.text_array(column(rows, [](const AppendRow& row) { return row.key; }));
    params.bytea_array(column(rows, [](const AppendRow& row) { return as_text(row.sha256); }));
    const pg::Rows known = co_await session.run(sql::known_keys, std::move(params), deadline);
    std::vector<std::optional<AppendAnswer>> answers(rows.size());
    for (int row = 0; row < known.size(); ++row) {
        if (known.is_null(row, 0)) continue;
        AppendAnswer answer;
        answer.outcome =
            known.boolean(row, 2) ? AppendOutcome::repeated : AppendOutcome::conflicting;
        answer.record_id = RecordId{known.uuid(row, 0)};
        answer.correlation_id = known.bytes(row, 1);
        answers.at(static_cast<std::size_t>(row)) = std::move(answer);
    }
    co_return answers;
}

namespace {

class PgAppender final : public Appender {
public:
    PgAppender(boost::asio::any_io_executor executor, pg::ConnectConfig config)
        : session_{std::move(executor), std::move(config)}
    {
    }

    boost::asio::awaitable<void> connect(TimePoint deadline) override
    {
        co_await session_.connection(deadline);
    }
    boost::asio::awaitable<std::vector<AppendAnswer>> append(const Layout& layout, LaneId lane,
                                                             std::span<const AppendRow> rows,
                                                             TimePoint deadline) override
    {
        return outbox::append(session_, layout, lane, rows, deadline);
    }
    boost::asio::awaitable<std::vector<std::optional<AppendAnswer>>>
    look_up(std::span<const AppendRow> rows, TimePoint deadline) override
    {
        return outbox::look_up(session_, rows, deadline);
    }
    void close() override { session_.close(); }

private:
    pg::Session session_;
};

}  // namespace

std::unique_ptr<Appender> make_pg_appender(boost::asio::any_io_executor executor,
                                           pg::ConnectConfig config)
{
    return std::make_unique<PgAppender>(std::move(executor), std::move(config));
}

}  // namespace exchange::outbox
