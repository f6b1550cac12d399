#include "pg/connection.hpp"
#include "pg/session.hpp"
#include "support/pg.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What callers see when Postgres is slow, busy, stopped or not there.
namespace exchange::pg {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

namespace asio = boost::asio;

constexpr Statement sleep_long{"sleep_long", "SELECT pg_sleep(60)"};
constexpr Statement one{"one", "SELECT 1"};

template <class Act>
std::string unavailable(Act act)
{
    try {
        act();
    } catch (const Unavailable& unavailable) {
        return unavailable.what();
    }
    ADD_FAILURE() << "was not Unavailable";
    return {};
}

class Outage : public testing::Test {
protected:
    std::unique_ptr<Connection> open() { return test::open_pg(io_, test::pg_server()); }
    Rows ask(Connection& connection, Statement statement, Params params = {})
    {
        return test::run(io_, connection.run(statement, std::move(params), test::soon()));
    }
    std::int64_t pid_of(Connection& connection)
    {
        return ask(connection, {"pid", "SELECT pg_backend_pid()"}).integer(0, 0);
    }
    // Until the backend is busy with what it was asked, so that it is met in the middle of it.
    void terminate_when_busy(std::int64_t pid)
    {
        const std::unique_ptr<Connection> other = open();
        const Statement kill{"kill",
                             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                             "WHERE pid = $1 AND state = 'active' AND wait_event = 'PgSleep'"};
        for (const TimePoint end = test::soon(); SteadyClock::now() < end;) {
            Params params;
            params.int4(static_cast<std::int32_t>(pid));
            if (ask(*other, kill, std::move(params)).size() == 1) return;
        }
        FAIL() << "the backend never slept";
    }

    asio::io_context io_;
};

TEST_F(Outage, ends_a_statement_at_its_deadline_and_the_connection_with_it)
{
    const std::unique_ptr<Connection> connection = open();
    const TimePoint before = SteadyClock::now();
    const std::string message = unavailable(
        [&] { test::run(io_, connection->run(sleep_long, {}, SteadyClock::now() + 100ms)); });
    EXPECT_LT(SteadyClock::now() - before, 5s);
    EXPECT_THAT(message, HasSubstr("did not answer in time. Hint: "));
    EXPECT_FALSE(connection->usable());
    unavailable([&] { ask(*connection, one); });
}

TEST_F(Outage, ends_a_large_write_at_its_deadline)
{
    const std::unique_ptr<Connection> connection = open();
    // The server sleeps and does not read: our bytes fill the socket and stay.
    Params body;
    body.bytea(std::string(48 << 20, 'x'));
    std::vector<Step> steps;
    steps.push_back({sleep_long, {}});
    steps.push_back({{"swallow", "SELECT length($1)"}, std::move(body)});
    unavailable([&] {
        test::run(io_, connection->transaction(std::move(steps), SteadyClock::now() + 300ms));
    });
    EXPECT_FALSE(connection->usable());
}

TEST_F(Outage, sends_nothing_once_the_deadline_has_passed)
{
    const std::unique_ptr<Connection> connection = open();
    unavailable([&] { test::run(io_, connection->run(one, {}, SteadyClock::now() - 1ms)); });
    EXPECT_TRUE(connection->usable());
    EXPECT_EQ(ask(*connection, one).size(), 1);
}

TEST_F(Outage, tells_of_a_backend_that_was_terminated_in_mid_run)
{
    const std::unique_ptr<Connection> connection = open();
    const std::int64_t pid = pid_of(*connection);
    auto result =
        asio::co_spawn(io_, connection->run(sleep_long, {}, test::soon()), asio::use_future);
    terminate_when_busy(pid);
    const std::string message = unavailable([&] {
        while (result.wait_for(0s) != std::future_status::ready) io_.run_one();
        result.get();
    });
    EXPECT_THAT(message, HasSubstr("57P01"));
    EXPECT_FALSE(connection->usable());
}

TEST_F(Outage, tells_of_a_connection_that_was_lost_while_idle)
{
    const std::unique_ptr<Connection> connection = open();
    const std::unique_ptr<Connection> other = open();
    Params params;
    params.int4(static_cast<std::int32_t>(pid_of(*connection)));
    // Waits until the backend is gone.
    ask(*other, {"kill", "SELECT pg_terminate_backend($1, 10000)"}, std::move(params));
    unavailable([&] { ask(*connection, one); });
    EXPECT_FALSE(connection->usable());
}

TEST_F(Outage, stays_usable_after_a_lock_was_not_to_be_had)
{
    ConnectConfig config;
    config.conninfo = test::pg_server();
    config.lock_timeout = 50ms;
    const auto connection =
        test::run(io_, Connection::open(io_.get_executor(), config, test::soon()));
    const std::unique_ptr<Connection> holder = open();
    const Statement lock{"lock", "SELECT pg_advisory_lock(4711)"};
    ask(*holder, lock);
    EXPECT_THAT(unavailable([&] { ask(*connection, lock); }), HasSubstr("lock: 55P03"));
    EXPECT_TRUE(connection->usable());
    EXPECT_EQ(ask(*connection, one).size(), 1);
}

TEST_F(Outage, names_the_server_that_refuses_and_does_so_quickly)
{
    // Bound and closed again: nobody listens there.
    asio::ip::tcp::acceptor acceptor{io_, {asio::ip::address_v4::loopback(), 0}};
    const std::string port = std::to_string(acceptor.local_endpoint().port());
    acceptor.close();
    for (const std::string host : {"127.0.0.1", "localhost"}) {
        ConnectConfig config;
        config.conninfo = "host=" + host + " port=" + port + " user=u password=hunter2 dbname=d";
        const TimePoint before = SteadyClock::now();
        const std::string message = unavailable(
            [&] { test::run(io_, Connection::open(io_.get_executor(), config, test::soon())); });
        EXPECT_LT(SteadyClock::now() - before, 5s);
        EXPECT_THAT(message,
                    HasSubstr("Postgres at " + host + ":" + port + ": Connection refused"));
        EXPECT_THAT(message, HasSubstr("Hint: "));
        EXPECT_THAT(message, Not(HasSubstr("hunter2")));
    }
}

TEST_F(Outage, gives_up_on_a_server_that_accepts_and_says_nothing)
{
    asio::ip::tcp::acceptor silent{io_, {asio::ip::address_v4::loopback(), 0}};
    ConnectConfig config;
    config.conninfo = "host=127.0.0.1 user=u password=hunter2 port=" +
                      std::to_string(silent.local_endpoint().port());
    const std::string message = unavailable([&] {
        test::run(io_, Connection::open(io_.get_executor(), config, SteadyClock::now() + 100ms));
    });
    EXPECT_THAT(message, HasSubstr("did not answer in time"));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST_F(Outage, explains_a_missing_database)
{
    ConnectConfig config;
    config.conninfo = test::pg_server() + " dbname=nowhere";
    const std::string message = unavailable(
        [&] { test::run(io_, Connection::open(io_.get_executor(), config, test::soon())); });
    EXPECT_THAT(message,
                HasSubstr("database \"nowhere\" does not exist. Hint: create the database"));
}

// Whether the server takes any password or none: the message must be without it.
TEST_F(Outage, never_shows_the_password)
{
    ConnectConfig config;
    config.conninfo = test::pg_server() + " user=nobody_of_that_name password=hunter2";
    const std::string message = unavailable(
        [&] { test::run(io_, Connection::open(io_.get_executor(), config, test::soon())); });
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST_F(Outage, close_ends_the_operation_under_way)
{
    const std::unique_ptr<Connection> connection = open();
    auto result =
        asio::co_spawn(io_, connection->run(sleep_long, {}, test::soon()), asio::use_future);
    io_.restart();
    io_.poll();
    connection->close();
    EXPECT_FALSE(connection->usable());
    while (result.wait_for(0s) != std::future_status::ready) io_.run_one();
    unavailable([&] { result.get(); });
    connection->close();
}

TEST_F(Outage, a_connection_may_be_destroyed_with_an_operation_under_way)
{
    std::unique_ptr<Connection> connection = open();
    auto result =
        asio::co_spawn(io_, connection->run(sleep_long, {}, test::soon()), asio::use_future);
    io_.restart();
    io_.poll();
    connection.reset();
    while (result.wait_for(0s) != std::future_status::ready) io_.run_one();
    unavailable([&] { result.get(); });
}

TEST_F(Outage, a_loop_may_be_destroyed_with_an_operation_under_way)
{
    auto io = std::make_unique<asio::io_context>();
    std::unique_ptr<Connection> connection = test::open_pg(*io, test::pg_server());
    asio::co_spawn(*io, connection->run(sleep_long, {}, test::soon()), asio::detached);
    io->restart();
    io->poll();
    connection.reset();
    io.reset();
}

TEST_F(Outage, a_session_opens_anew_after_its_connection_broke)
{
    ConnectConfig config;
    config.conninfo = test::pg_server();
    Session session{io_.get_executor(), config};
    EXPECT_EQ(test::run(io_, session.run(one, {}, test::soon())).size(), 1);
    unavailable([&] { test::run(io_, session.run(sleep_long, {}, SteadyClock::now() + 50ms)); });
    EXPECT_EQ(test::run(io_, session.transaction({{one, {}}}, test::soon())).size(), 1u);
    session.close();
    EXPECT_EQ(test::run(io_, session.run(one, {}, test::soon())).size(), 1);
}

TEST_F(Outage, a_session_does_not_hammer_a_server_that_is_away)
{
    asio::ip::tcp::acceptor silent{io_, {asio::ip::address_v4::loopback(), 0}};
    ConnectConfig config;
    config.conninfo = "host=127.0.0.1 port=" + std::to_string(silent.local_endpoint().port());
    Session session{io_.get_executor(), config};
    const auto attempt = [&] {
        return unavailable([&] { test::run(io_, session.connection(SteadyClock::now() + 200ms)); });
    };
    const std::string first = attempt();
    const TimePoint before = SteadyClock::now();
    EXPECT_EQ(attempt(), first);
    EXPECT_LT(SteadyClock::now() - before, 100ms) << "tried again instead of failing at once";
}

}  // namespace
}  // namespace exchange::pg
