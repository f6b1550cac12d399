#pragma once

#include "crypto/digest.hpp"
#include "outbox/append.hpp"
#include "support/pg.hpp"

#include <deque>

// What the outbox's tests against Postgres share: a migrated database and rows to append.
namespace exchange::outbox {

class OutboxDatabase {
public:
    OutboxDatabase() : session{io.get_executor(), database.config()}
    {
        layout = test::run(io, read_layout(session, test::soon()));
    }

    // A row whose texts live as long as this fixture.
    AppendRow row(const std::string& key, const std::string& body, LaneId lane = LaneId{0})
    {
        texts_.push_back(key);
        const std::string& kept_key = texts_.back();
        texts_.push_back(body);
        const std::string& kept_body = texts_.back();
        AppendRow row;
        row.source = "clinic";
        row.key = kept_key;
        row.sha256 = crypto::sha256(kept_body);
        row.record_id = draw_record_id(layout, lane, unix_ms_now(), random);
        row.event_id = make_uuid_v7(unix_ms_now(), random);
        row.correlation_id = "correlation-1";
        row.kind = "claim";
        row.body = kept_body;
        return row;
    }

    std::vector<AppendAnswer> append_rows(const std::vector<AppendRow>& rows,
                                          LaneId lane = LaneId{0})
    {
        return test::run(io, append(session, layout, lane, rows, test::soon()));
    }

    std::int64_t number_of(const char* query)
    {
        const pg::Statement statement{query, query};
        return test::run(io, session.run(statement, pg::Params{}, test::soon())).integer(0, 0);
    }

    boost::asio::io_context io{1};
    test::PgDatabase database;
    pg::Session session;
    SystemRandom random;
    Layout layout;

private:
    std::deque<std::string> texts_;
};

}  // namespace exchange::outbox
