#include "ingest/group_commit.hpp"

#include "base/failpoint.hpp"
#include "base/started.hpp"
#include "outbox/outbox_fixture.hpp"
#include "support/pg_holder.hpp"

#include <gtest/gtest.h>

namespace exchange::ingest {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

asio::awaitable<bool> done(asio::awaitable<void> work)
{
    co_await std::move(work);
    co_return true;
}

struct Committer : outbox::OutboxDatabase {
    explicit Committer(GroupConfig settings = {}, pg::ConnectConfig config = {})
        : commit{io.get_executor(),
                 outbox::make_pg_appender(io.get_executor(),
                                          config.conninfo.empty() ? database.config() : config),
                 std::make_unique<SystemRandom>(),
                 layout,
                 LaneId{0},
                 settings,
                 ingest_metrics,
                 log,
                 [this] { ++wakes; }}
    {
    }

    Incoming incoming(std::string_view key, std::string_view body)
    {
        Incoming what;
        what.source = "clinic";
        what.key = key;
        what.sha256 = crypto::sha256(body);
        what.kind = "claim";
        what.body = body;
        return what;
    }

    // Sends all at once, then stops.
    asio::awaitable<std::vector<Verdict>> send(std::vector<Incoming> all)
    {
        std::vector<Started<Verdict>> waiting;
        for (const Incoming& what : all)
            waiting.emplace_back(io.get_executor(), commit.append(what));
        co_await sleep_until(SteadyClock::now() + 1ms);
        Started<bool> running{io.get_executor(), done(commit.run())};
        std::vector<Verdict> verdicts;
        for (Started<Verdict>& each : waiting) verdicts.push_back(co_await each.get());
        commit.stop();
        co_await running.get();
        co_return verdicts;
    }

    std::vector<Verdict> send_all(std::vector<Incoming> all)
    {
        return test::run(io, send(std::move(all)));
    }

    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::error};
    obs::Metrics metrics;
    IngestMetrics ingest_metrics{metrics};
    int wakes = 0;
    GroupCommit commit;
};

const outbox::AppendAnswer& answer(const Verdict& verdict)
{
    return std::get<outbox::AppendAnswer>(verdict);
}

TEST(GroupCommit, takes_all_that_wait_in_one_transaction)
{
    Committer db;
    const auto verdicts =
        db.send_all({db.incoming("key-00001", "{}"), db.incoming("key-00002", "{}"),
                     db.incoming("key-00003", "{}")});
    for (const Verdict& verdict : verdicts)
        EXPECT_EQ(answer(verdict).outcome, outbox::AppendOutcome::accepted);
    EXPECT_EQ(db.number_of("SELECT count(DISTINCT xmin::text) FROM outbox"), 1);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 3);
    EXPECT_EQ(db.wakes, 1);
}

TEST(GroupCommit, gives_a_repeat_in_the_same_moment_the_first_ones_answer)
{
    Committer db;
    const auto verdicts =
        db.send_all({db.incoming("key-00001", "{}"), db.incoming("key-00001", "{}"),
                     db.incoming("key-00001", "{\"other\":1}")});
    EXPECT_EQ(answer(verdicts[0]).outcome, outbox::AppendOutcome::accepted);
    EXPECT_EQ(answer(verdicts[1]).outcome, outbox::AppendOutcome::repeated);
    EXPECT_EQ(answer(verdicts[1]).record_id, answer(verdicts[0]).record_id);
    EXPECT_EQ(answer(verdicts[1]).correlation_id, answer(verdicts[0]).correlation_id);
    EXPECT_EQ(answer(verdicts[2]).outcome, outbox::AppendOutcome::conflicting);
    EXPECT_NE(db.metrics.expose().find("exchange_ingest_waited_repeats_total 3"), std::string::npos)
        << "two waited for the first, and one of them for the other";
}

TEST(GroupCommit, lets_a_bad_row_fail_alone)
{
    Committer db;
    Incoming bad = db.incoming("key-00002", "{}");
    bad.kind = "\xff";  // no UTF-8
    const auto verdicts =
        db.send_all({db.incoming("key-00001", "{}"), bad, db.incoming("key-00003", "{}")});
    EXPECT_EQ(answer(verdicts[0]).outcome, outbox::AppendOutcome::accepted);
    EXPECT_EQ(std::get<Failure>(verdicts[1]), Failure::refused);
    EXPECT_EQ(answer(verdicts[2]).outcome, outbox::AppendOutcome::accepted);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 2);
}

TEST(GroupCommit, refuses_beyond_its_queue)
{
    GroupConfig settings;
    settings.queue_max = 2;
    Committer db{settings};
    const auto verdicts =
        db.send_all({db.incoming("key-00001", "{}"), db.incoming("key-00002", "{}"),
                     db.incoming("key-00003", "{}")});
    EXPECT_EQ(std::get<Failure>(verdicts[2]), Failure::queue_full);
}

TEST(GroupCommit, limits_a_group_by_rows_and_by_bytes)
{
    GroupConfig settings;
    settings.rows_max = 2;
    settings.bytes_max = 10;
    Committer db{settings};
    const std::string large(9, 'x');
    db.send_all({db.incoming("key-00001", "{}"), db.incoming("key-00002", "{}"),
                 db.incoming("key-00003", "{}"), db.incoming("key-00004", large)});
    EXPECT_EQ(db.number_of("SELECT count(DISTINCT xmin::text) FROM outbox"), 3);
}

TEST(GroupCommit, says_that_nothing_is_stored_when_postgres_cannot_be_reached)
{
    pg::ConnectConfig nowhere;
    nowhere.conninfo = "host=127.0.0.1 port=1 dbname=x user=x";
    Committer db{{}, nowhere};
    const auto verdicts = db.send_all({db.incoming("key-00001", "{}")});
    EXPECT_EQ(std::get<Failure>(verdicts[0]), Failure::unavailable);
}

TEST(GroupCommit, says_unknown_when_the_connection_breaks_in_mid_commit_and_a_repeat_settles_it)
{
    GroupConfig settings;
    settings.commit_timeout = 300ms;
    Committer db{settings};
    test::PgHolder holder{db.database.conninfo()};
    holder.run("BEGIN; SELECT pg_advisory_xact_lock(1163412808, 0)");
    const auto verdicts = db.send_all({db.incoming("key-00001", "{}")});
    EXPECT_EQ(std::get<Failure>(verdicts[0]), Failure::unknown);
    holder.run("ROLLBACK");
    const auto repeated = db.append_rows({db.row("key-00001", "{}")});
    EXPECT_NE(repeated[0].outcome, outbox::AppendOutcome::conflicting);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 1);
}

// An exception that nobody foresaw must not end the committer: its lane would never answer again.
TEST(GroupCommit, goes_on_with_its_lane_after_a_failure_that_it_does_not_know)
{
    GroupConfig settings;
    settings.rows_max = 1;
    Committer db{settings};
    const ArmedFailpoints faults{"ingest/group=error@1,ingest/committed=error@1"};
    const auto verdicts =
        db.send_all({db.incoming("key-00001", "{}"), db.incoming("key-00002", "{}"),
                     db.incoming("key-00003", "{}")});
    EXPECT_EQ(std::get<Failure>(verdicts[0]), Failure::unknown);
    EXPECT_EQ(std::get<Failure>(verdicts[1]), Failure::unknown);
    EXPECT_EQ(answer(verdicts[2]).outcome, outbox::AppendOutcome::accepted);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 2);
}

TEST(GroupCommit, answers_only_known_keys_while_intake_is_paused)
{
    Committer db;
    Incoming first = db.incoming("key-00001", "{}");
    std::vector<Incoming> all{first};
    for (const auto& [key, body] : {std::pair{"key-00001", "{}"}, std::pair{"key-00001", "[]"},
                                    std::pair{"key-00002", "{}"}}) {
        Incoming paused = db.incoming(key, body);
        paused.known_only = true;
        all.push_back(paused);
    }
    const auto verdicts = db.send_all(std::move(all));
    EXPECT_EQ(answer(verdicts[0]).outcome, outbox::AppendOutcome::accepted);
    EXPECT_EQ(answer(verdicts[1]).outcome, outbox::AppendOutcome::repeated);
    EXPECT_EQ(answer(verdicts[1]).record_id, answer(verdicts[0]).record_id);
    EXPECT_EQ(answer(verdicts[1]).correlation_id, answer(verdicts[0]).correlation_id);
    EXPECT_EQ(answer(verdicts[2]).outcome, outbox::AppendOutcome::conflicting);
    EXPECT_EQ(std::get<Failure>(verdicts[3]), Failure::paused);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM records"), 1);
    EXPECT_EQ(db.wakes, 1);
}

}  // namespace
}  // namespace exchange::ingest
