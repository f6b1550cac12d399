#include "outbox/outbox_fixture.hpp"
#include "support/pg_holder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The lane rule and the hazards it must withstand (docs/ARCHITECTURE.md, "Lanes").
namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;

pg::Connection& open(OutboxDatabase& db, std::vector<std::unique_ptr<pg::Connection>>& keep)
{
    keep.push_back(db.database.open(db.io));
    return *keep.back();
}

void script(OutboxDatabase& db, pg::Connection& connection, const std::string& text)
{
    test::run(db.io, connection.script(text, test::soon()));
}

TEST(Append, stores_key_ledger_event_and_bytes_in_one_commit)
{
    OutboxDatabase db;
    const auto answers = db.append_rows({db.row("key-00001", "{\"a\":1}")});
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].outcome, AppendOutcome::accepted);
    for (const char* table : {"SELECT count(*) FROM idempotency", "SELECT count(*) FROM records",
                              "SELECT count(*) FROM outbox", "SELECT count(*) FROM staged"})
        EXPECT_EQ(db.number_of(table), 1) << table;
}

TEST(Append, keeps_bytes_exactly_whatever_they_are)
{
    OutboxDatabase db;
    std::string body;
    for (int byte = 0; byte < 256; ++byte) body.push_back(static_cast<char>(byte));
    db.append_rows({db.row("key-00001", body)});
    const pg::Statement read{"body", "SELECT body FROM staged"};
    const pg::Rows rows = test::run(db.io, db.session.run(read, pg::Params{}, test::soon()));
    EXPECT_EQ(rows.bytes(0, 0), body);
}

TEST(Append, repeats_the_first_answer_for_the_same_key_and_body)
{
    OutboxDatabase db;
    const auto first = db.append_rows({db.row("key-00001", "{\"a\":1}")});
    AppendRow again = db.row("key-00001", "{\"a\":1}");
    again.correlation_id = "correlation-2";
    const auto second = db.append_rows({again});
    EXPECT_EQ(second[0].outcome, AppendOutcome::repeated);
    EXPECT_EQ(second[0].record_id, first[0].record_id);
    EXPECT_EQ(second[0].correlation_id, "correlation-1");
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 1);
}

TEST(Append, refuses_the_same_key_with_another_body_and_stores_nothing)
{
    OutboxDatabase db;
    db.append_rows({db.row("key-00001", "{\"a\":1}")});
    const auto answers =
        db.append_rows({db.row("key-00001", "{\"a\":2}"), db.row("key-00002", "{\"a\":2}")});
    EXPECT_EQ(answers[0].outcome, AppendOutcome::conflicting);
    EXPECT_EQ(answers[1].outcome, AppendOutcome::accepted);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 2);
}

TEST(Append, keeps_keys_of_two_sources_apart)
{
    OutboxDatabase db;
    AppendRow other = db.row("key-00001", "{\"a\":2}");
    other.source = "lab";
    const auto answers = db.append_rows({db.row("key-00001", "{\"a\":1}"), other});
    EXPECT_EQ(answers[1].outcome, AppendOutcome::accepted);
}

TEST(Append, tells_a_stale_layout)
{
    OutboxDatabase db;
    db.layout.version = 2;
    EXPECT_THROW(db.append_rows({db.row("key-00001", "{}")}), LayoutChanged);
}

// H1 and H2: while a lane's append is open, no higher id of that lane can become visible.
TEST(Append, lets_no_higher_id_become_visible_before_a_lower_one_of_its_lane)
{
    OutboxDatabase db;
    test::PgHolder slow{db.database.conninfo()};
    slow.run("BEGIN; SELECT pg_advisory_xact_lock(1163412808, 0); SELECT nextval('outbox_id')");
    pg::ConnectConfig impatient = db.database.config();
    impatient.lock_timeout = 100ms;
    pg::Session second{db.io.get_executor(), impatient};
    const std::vector<AppendRow> rows{db.row("key-00002", "{}")};
    EXPECT_THROW(test::run(db.io, append(second, db.layout, LaneId{0}, rows, test::soon())),
                 pg::Unavailable);
    slow.run("ROLLBACK");
    EXPECT_EQ(test::run(db.io, append(second, db.layout, LaneId{0}, rows, test::soon())).size(),
              1u);
}

// The negative control of H1: without the lane's lock a reader meets id 2 while id 1 is still open.
TEST(Append, would_lose_order_without_the_lanes_lock)
{
    OutboxDatabase db;
    test::PgHolder slow{db.database.conninfo()};
    const std::string insert =
        "INSERT INTO outbox SELECT nextval('outbox_id'), 0, 't', gen_random_uuid(), "
        "gen_random_uuid(), 's', 'claim', '', 1, ''::bytea, 1, 'c', '', now()";
    slow.run("BEGIN; " + insert);
    test::PgHolder fast{db.database.conninfo()};
    fast.run(insert);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox WHERE id = 2"), 1);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox WHERE id = 1"), 0);
    slow.run("COMMIT");
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox WHERE id = 1"), 1) << "and it appears late";
}

// H3: transactions that others hold open, also ones that write, delay nothing.
TEST(Append, is_not_delayed_by_a_foreign_open_transaction)
{
    OutboxDatabase db;
    test::PgHolder foreign{db.database.conninfo()};
    foreign.run("BEGIN; CREATE TABLE elsewhere (x int); INSERT INTO elsewhere VALUES (1)");
    db.append_rows({db.row("key-00001", "{}")});
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox_events"), 1);
    foreign.run("ROLLBACK");
}

// H4: a client of ours that got stuck or was stopped with the lane's lock in its hand. The server
// ends it, and what waited for the lock goes on by itself.
TEST(Append, goes_on_once_the_server_has_ended_a_stuck_holder_of_the_lanes_lock)
{
    OutboxDatabase db;
    pg::ConnectConfig ours = db.database.config();
    ours.idle_in_transaction_timeout = 200ms;
    test::PgHolder stuck{ours};
    stuck.run("BEGIN; SELECT pg_advisory_xact_lock(1163412808, 0); SELECT nextval('outbox_id')");
    EXPECT_EQ(db.append_rows({db.row("key-00001", "{}")})[0].outcome, AppendOutcome::accepted);
    EXPECT_EQ(db.number_of("SELECT id FROM outbox"), 2) << "what the holder drew is a gap";
    try {
        stuck.run("COMMIT");
        ADD_FAILURE() << "it was not ended";
    } catch (const std::runtime_error& ended) {
        EXPECT_THAT(ended.what(), testing::HasSubstr("idle-in-transaction timeout"));
    }
}

// H5: what a rolled-back group drew becomes a gap, and the rows behind it are visible.
TEST(Append, leaves_a_gap_where_a_group_was_rolled_back)
{
    OutboxDatabase db;
    test::PgHolder rolled_back{db.database.conninfo()};
    rolled_back.run("BEGIN; SELECT pg_advisory_xact_lock(1163412808, 0); "
                    "SELECT nextval('outbox_id'); ROLLBACK");
    db.append_rows({db.row("key-00001", "{}")});
    EXPECT_EQ(db.number_of("SELECT id FROM outbox"), 2);
}

// H8: a writer that asked for an early acknowledgement gets a durable one all the same.
TEST(Append, commits_synchronously_whatever_the_session_asked_for)
{
    OutboxDatabase db;
    std::vector<std::unique_ptr<pg::Connection>> keep;
    pg::Connection& hasty = open(db, keep);
    script(db, hasty, "SET synchronous_commit = off");
    const pg::Statement probe{
        "probe", "SELECT count(*), max(current_setting('synchronous_commit')) FROM "
                 "append_records(1, 0::smallint, '{s}', '{key-1}', ARRAY[sha256('a')], "
                 "ARRAY[gen_random_uuid()], ARRAY[gen_random_uuid()], '{c}', '{claim}', '{\"\"}', "
                 "'{1}', '{\"\"}', ARRAY['a'::bytea])"};
    const pg::Rows rows = test::run(db.io, hasty.run(probe, pg::Params{}, test::soon()));
    EXPECT_EQ(rows.bytes(0, 1), "on");
}

TEST(Append, is_the_services_only_way_into_the_outbox)
{
    OutboxDatabase db;
    std::vector<std::unique_ptr<pg::Connection>> keep;
    pg::Connection& admin = open(db, keep);
    const std::string role = "svc_" + db.database.name();
    script(db, admin,
           "CREATE ROLE " + role + "; SELECT grant_service('" + role + "'); SET ROLE " + role);
    for (const char* forbidden :
         {"INSERT INTO outbox (id) VALUES (1)", "INSERT INTO staged (id) VALUES (1)",
          "DELETE FROM outbox", "UPDATE outbox SET lane = 1", "DELETE FROM records",
          "INSERT INTO records (source) VALUES ('x')", "TRUNCATE staged"}) {
        try {
            script(db, admin, forbidden);
            ADD_FAILURE() << forbidden << " was allowed";
        } catch (const pg::Refused& refused) {
            EXPECT_EQ(refused.sqlstate(), "42501") << forbidden;
        }
    }
    const pg::Statement allowed{
        "allowed", "SELECT count(*) FROM append_records(1, 0::smallint, '{s}', '{key-1}', "
                   "ARRAY[sha256('a')], ARRAY[gen_random_uuid()], ARRAY[gen_random_uuid()], '{c}', "
                   "'{claim}', '{\"\"}', '{1}', '{\"\"}', ARRAY['a'::bytea])"};
    EXPECT_EQ(test::run(db.io, admin.run(allowed, pg::Params{}, test::soon())).integer(0, 0), 1);
    script(db, admin, "RESET ROLE; DROP OWNED BY " + role + "; DROP ROLE " + role);
}

}  // namespace
}  // namespace exchange::outbox
