#include "pg/connection.hpp"
#include "support/pg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::pg {
namespace {

using testing::HasSubstr;
using testing::Not;

class ConnectionTest : public testing::Test {
protected:
    ConnectionTest() { script("CREATE TABLE kept (id bigint PRIMARY KEY, body text)"); }

    void script(const char* text) { test::run(io_, connection_->script(text, test::soon())); }
    Rows ask(Statement statement, Params params = {})
    {
        return test::run(io_, connection_->run(statement, std::move(params), test::soon()));
    }
    std::vector<Rows> transaction(std::vector<Step> steps)
    {
        return test::run(io_, connection_->transaction(std::move(steps), test::soon()));
    }
    std::int64_t count_kept()
    {
        return ask({"count_kept", "SELECT count(*) FROM kept"}).integer(0, 0);
    }

    test::PgDatabase database_{test::Schema::empty};
    boost::asio::io_context io_;
    std::unique_ptr<Connection> connection_ = database_.open(io_);
};

constexpr Statement insert{"insert_kept", "INSERT INTO kept VALUES ($1, $2)"};
constexpr Statement prepared{"prepared",
                             "SELECT count(*) FROM pg_prepared_statements WHERE name = $1"};

Params row(std::int64_t id, std::string_view body = "body")
{
    Params params;
    params.int8(id).text(body);
    return params;
}

Params named(std::string_view name)
{
    Params params;
    params.text(name);
    return params;
}

template <class Act>
std::string refused(const char* sqlstate, Act act)
{
    try {
        act();
    } catch (const Refused& refused) {
        EXPECT_EQ(refused.sqlstate(), sqlstate) << refused.what();
        return refused.what();
    }
    ADD_FAILURE() << "was not refused with " << sqlstate;
    return {};
}

TEST_F(ConnectionTest, runs_one_statement_and_counts_what_it_touched)
{
    EXPECT_EQ(ask(insert, row(1)).affected(), 1);
    EXPECT_EQ(ask(insert, row(2)).affected(), 1);
    EXPECT_EQ(ask({"update_kept", "UPDATE kept SET body = 'new'"}).affected(), 2);
    EXPECT_EQ(ask({"none", "SELECT FROM kept WHERE false"}).size(), 0);
    EXPECT_GE(connection_->server_version(), 150000);
}

TEST_F(ConnectionTest, prepares_a_statement_once)
{
    for (int id = 0; id < 3; ++id) ask(insert, row(id));
    transaction({{insert, row(3)}, {insert, row(4)}});
    EXPECT_EQ(ask(prepared, named("insert_kept")).integer(0, 0), 1);
    EXPECT_EQ(count_kept(), 5);
}

TEST_F(ConnectionTest, prepares_a_statement_that_occurs_twice_in_one_flush_once)
{
    transaction({{insert, row(1)}, {insert, row(2)}});
    EXPECT_EQ(ask(prepared, named("insert_kept")).integer(0, 0), 1);
    EXPECT_EQ(count_kept(), 2);
}

TEST_F(ConnectionTest, forgets_a_statement_whose_preparation_failed)
{
    const Statement early{"early", "SELECT count(*) FROM later"};
    const std::string message = refused("42P01", [&] { ask(early); });
    EXPECT_THAT(message, HasSubstr("early: 42P01 relation \"later\" does not exist"));
    script("CREATE TABLE later ()");
    EXPECT_EQ(ask(early).integer(0, 0), 0);
}

TEST_F(ConnectionTest, prepares_later_what_an_aborted_flush_skipped)
{
    const Statement skipped{"skipped", "SELECT 7::int8"};
    const Statement wrong{"wrong", "SELECT 1 / (SELECT count(*) FROM kept)"};
    refused("22012", [&] { transaction({{wrong, {}}, {skipped, {}}}); });
    EXPECT_EQ(ask(skipped).integer(0, 0), 7);
    EXPECT_EQ(ask(prepared, named("wrong")).integer(0, 0), 1);
}

TEST_F(ConnectionTest, answers_every_step_of_a_transaction_in_order)
{
    const Statement give{"give", "SELECT $1 + 0"};
    std::vector<Step> steps;
    for (std::int64_t i = 0; i < 10; ++i) {
        steps.push_back({give, {}});
        steps.back().params.int8(i);
    }
    const std::vector<Rows> answers = transaction(std::move(steps));
    ASSERT_EQ(answers.size(), 10u);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)].integer(0, 0), i);
    EXPECT_TRUE(transaction({}).empty());
}

TEST_F(ConnectionTest, rolls_all_back_whichever_step_is_refused)
{
    for (std::int64_t bad = 0; bad < 4; ++bad) {
        std::vector<Step> steps;
        for (std::int64_t i = 0; i < 4; ++i) steps.push_back({insert, row(i == bad ? 99 : i)});
        steps.insert(steps.begin() + bad, Step{insert, row(99)});
        refused("23505", [&] { transaction(std::move(steps)); });
        EXPECT_TRUE(connection_->usable());
        EXPECT_EQ(count_kept(), 0) << bad;
    }
    ask(insert, row(99));
    EXPECT_EQ(count_kept(), 1);
}

TEST_F(ConnectionTest, says_which_constraint_refused_but_not_which_value)
{
    ask(insert, row(271828, "Ada Lovelace"));
    const std::string message = refused("23505", [&] { ask(insert, row(271828)); });
    EXPECT_EQ(message, "insert_kept: 23505 duplicate key value violates unique constraint "
                       "\"kept_pkey\"");
    const Statement cast{"cast", "SELECT $1::text::integer"};
    EXPECT_THAT(refused("22P02", [&] { ask(cast, named("123-45-6789")); }),
                Not(HasSubstr("123-45")));
}

TEST_F(ConnectionTest, throws_what_the_commit_of_one_statement_raises)
{
    script("CREATE TABLE child (id bigint REFERENCES kept DEFERRABLE INITIALLY DEFERRED)");
    const Statement orphan{"orphan", "INSERT INTO child VALUES (5)"};
    refused("23503", [&] { ask(orphan); });
    refused("23503", [&] { ask(orphan); });
    EXPECT_TRUE(connection_->usable());
    EXPECT_EQ(ask({"children", "SELECT count(*) FROM child"}).integer(0, 0), 0);
}

TEST_F(ConnectionTest, throws_what_the_commit_of_a_transaction_raises)
{
    script("CREATE TABLE child (id bigint REFERENCES kept DEFERRABLE INITIALLY DEFERRED)");
    const Statement child{"child", "INSERT INTO child VALUES ($1)"};
    Params five;
    five.int8(5);
    refused("23503", [&] { transaction({{child, five}, {insert, row(6)}}); });
    EXPECT_EQ(count_kept(), 0);
    transaction({{child, five}, {insert, row(5)}});
    EXPECT_EQ(count_kept(), 1);
}

TEST_F(ConnectionTest, runs_several_statements_of_a_script_or_none)
{
    refused("23505", [&] { script("INSERT INTO kept VALUES (1); INSERT INTO kept VALUES (1)"); });
    refused("23505", [&] {
        script("BEGIN; INSERT INTO kept VALUES (1); INSERT INTO kept VALUES (1); COMMIT");
    });
    EXPECT_EQ(count_kept(), 0);
    script("INSERT INTO kept VALUES (1); INSERT INTO kept VALUES (2)");
    EXPECT_EQ(count_kept(), 2);
}

TEST_F(ConnectionTest, leaves_no_transaction_open_behind_a_script)
{
    script("BEGIN; INSERT INTO kept VALUES (1)");
    EXPECT_EQ(count_kept(), 0);
}

TEST_F(ConnectionTest, does_not_print_notices)
{
    testing::internal::CaptureStderr();
    script("DO $$ BEGIN RAISE WARNING 'heard'; END $$");
    ask({"warn", "ROLLBACK"});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ConnectionTest, sets_the_servers_bounds)
{
    EXPECT_EQ(ask({"a", "SHOW lock_timeout"}).bytes(0, 0), "5s");
    EXPECT_EQ(ask({"b", "SHOW statement_timeout"}).bytes(0, 0), "30s");
    EXPECT_EQ(ask({"c", "SHOW idle_in_transaction_session_timeout"}).bytes(0, 0), "10s");
    EXPECT_EQ(ask({"d", "SHOW application_name"}).bytes(0, 0), "exchange");
}

// H8: what is visible and not yet durable could be published and then lost.
TEST_F(ConnectionTest, commits_durably_whatever_the_database_says)
{
    const std::pair<const char*, const char*> rows[] = {
        {"off", "on"}, {"local", "on"}, {"remote_write", "remote_write"}};
    for (const auto& [told, kept] : rows) {
        script(
            ("ALTER DATABASE " + database_.name() + " SET synchronous_commit = " + told).c_str());
        const std::unique_ptr<Connection> other = database_.open(io_);
        const Rows shown =
            test::run(io_, other->run({"show", "SHOW synchronous_commit"}, {}, test::soon()));
        EXPECT_EQ(shown.bytes(0, 0), kept) << told;
    }
}

TEST_F(ConnectionTest, will_not_run_one_statement_under_anothers_name)
{
    ask({"twin", "SELECT 1"});
    EXPECT_THROW(ask({"twin", "SELECT 2"}), std::logic_error);
}

TEST_F(ConnectionTest, will_not_run_a_statement_with_other_types_than_it_was_prepared_for)
{
    const Statement give{"give", "SELECT $1"};
    ask(give, named("text"));
    Params number;
    number.int8(1);
    EXPECT_THROW(ask(give, std::move(number)), std::logic_error);
}

TEST_F(ConnectionTest, writes_and_reads_much_at_the_same_time)
{
    // The server answers with 16 MiB before it reads the next step's 16 MiB: one who only writes
    // waits for ever.
    const std::string body(16 << 20, 'x');
    const Statement echo{"echo", "SELECT $1"};
    const std::vector<Rows> answers =
        transaction({{echo, named(body)}, {echo, named(body)}, {echo, named(body)}});
    for (const Rows& rows : answers) EXPECT_TRUE(rows.bytes(0, 0) == body);
}

}  // namespace
}  // namespace exchange::pg
