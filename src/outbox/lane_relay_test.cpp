#include "outbox/lane_relay.hpp"

#include "base/started.hpp"
#include "support/fake_lane.hpp"
#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::FakeLaneWorld;
using ::testing::HasSubstr;

asio::awaitable<bool> done(asio::awaitable<void> work)
{
    co_await std::move(work);
    co_return true;
}

// One process with the relay of one lane over a world that outlives it.
struct Process {
    explicit Process(FakeLaneWorld& world, Duration record_within = 1ms)
        : lanes{world},
          log{world},
          store{world},
          leases{world},
          owner{io.get_executor(), leases, LaneId{0}, "me", LeaseConfig{}},
          relay{io.get_executor(),
                RelayPorts{lanes, log, store, &standing},
                owner,
                LaneId{0},
                Layout{1, 1, 2},
                {"record.ingested.v1", "record.ingested.v2"},
                config(record_within),
                relay_metrics,
                logger,
                health}
    {
    }

    static RelayConfig config(Duration record_within = 1ms)
    {
        RelayConfig config;
        config.record_within = record_within;
        config.window_rows_max = 4;
        config.poll_every = 1ms;
        config.retry_first = 1ms;
        config.retry_most = 2ms;
        config.ask_denied_every = 5ms;
        return config;
    }

    asio::awaitable<bool> drain_once()
    {
        Started<bool> lease{io.get_executor(), done(owner.run())};
        Started<bool> running{io.get_executor(), done(relay.run())};
        co_await sleep_until(SteadyClock::now() + 1ms);
        relay.drain();
        co_await running.get();
        owner.stop();
        co_return co_await lease.get();
    }

    // Until everything is published, however often a generation fails.
    asio::awaitable<bool> run_until(const FakeLaneWorld& world, std::int64_t last)
    {
        Started<bool> lease{io.get_executor(), done(owner.run())};
        Started<bool> running{io.get_executor(), done(relay.run())};
        const TimePoint deadline = SteadyClock::now() + 10s;
        while (world.published_up_to() < last && SteadyClock::now() < deadline)
            co_await sleep_until(SteadyClock::now() + 1ms);
        relay.stop();
        co_await running.get();
        owner.stop();
        co_await lease.get();
        co_return world.published_up_to() == last;
    }

    asio::io_context io{1};
    obs::Log logger{obs::LogFormat::logfmt, obs::LogLevel::error};
    obs::Metrics metrics;
    obs::Health health{logger};
    RelayMetrics relay_metrics{metrics};
    test::FakeLaneStore lanes;
    test::FakeLaneLog log;
    test::FakeLaneObjects store;
    test::FakeLease leases;
    test::FakeStanding standing;
    LaneOwner owner;
    LaneRelay relay;
};

FakeLaneWorld world_with_rows(int count)
{
    FakeLaneWorld world;
    // Gaps are normal: a rolled-back group leaves one.
    for (int at = 1; at <= count; ++at)
        world.rows.emplace_back(at * 2, "{\"n\":" + std::to_string(at) + "}");
    return world;
}

// Exactly the rows that are not in quarantine, each once, in id order and densely numbered.
void expect_exact(const FakeLaneWorld& world, const std::string& trace)
{
    EXPECT_EQ(world.broken_rules, std::vector<std::string>{}) << trace;
    std::vector<std::int64_t> found;
    for (const auto& [partition, records] : world.log) {
        std::int64_t sequence = 0;
        std::int64_t last = 0;
        for (const test::LogRecord& record : records) {
            EXPECT_EQ(record.sequence, ++sequence) << trace;
            EXPECT_GT(record.id, last) << trace;
            last = record.id;
            found.push_back(record.id);
        }
    }
    std::sort(found.begin(), found.end());
    std::vector<std::int64_t> expected;
    for (const auto& [id, body] : world.rows)
        if (std::find(world.quarantined.begin(), world.quarantined.end(), id) ==
            world.quarantined.end())
            expected.push_back(id);
    EXPECT_EQ(found, expected) << trace;
}

TEST(LaneRelay, publishes_every_row_once_in_order_and_stops_when_drained)
{
    FakeLaneWorld world = world_with_rows(11);
    Process process{world};
    test::run(process.io, process.drain_once());
    EXPECT_EQ(world.published_up_to(), 22);
    expect_exact(world, "");
    EXPECT_EQ(world.planned.size(), 3u);
}

TEST(LaneRelay, publishes_nothing_twice_whichever_call_fails_before_or_after_its_effect)
{
    int calls_of_a_clean_run = 0;
    {
        FakeLaneWorld world = world_with_rows(11);
        Process process{world};
        test::run(process.io, process.drain_once());
        calls_of_a_clean_run = world.calls;
    }
    ASSERT_GT(calls_of_a_clean_run, 15);
    int recovered = 0;
    for (int call = 1; call <= calls_of_a_clean_run; ++call) {
        for (const bool after_effect : {false, true}) {
            const std::string trace =
                "call " + std::to_string(call) + (after_effect ? " after" : " before");
            FakeLaneWorld world = world_with_rows(11);
            world.fault = {call, after_effect};
            Process process{world};
            ASSERT_TRUE(test::run(process.io, process.run_until(world, 22))) << trace;
            expect_exact(world, trace);
            recovered += world.calls > calls_of_a_clean_run;
        }
    }
    EXPECT_GT(recovered, calls_of_a_clean_run) << "the faults were hardly ever met";
}

// Runs until the n-th call is the last of a first owner, and then another one to the end. Answers
// whether the first left a plan unfinished.
bool publish_by_two(int call, bool store_moves)
{
    FakeLaneWorld world = world_with_rows(11);
    world.fault = {call, call % 2 == 0, true};
    {
        Process dead{world};
        test::run(dead.io, dead.drain_once());
    }
    world.epoch = Epoch{2};
    world.fault = {};
    if (store_moves) world.bucket = "moved";
    const bool left = world.planned.size() > world.published.size();
    Process successor{world};
    EXPECT_TRUE(test::run(successor.io, successor.run_until(world, 22))) << "call " << call;
    expect_exact(world, "call " + std::to_string(call));
    return left;
}

TEST(LaneRelay, finishes_a_dead_owners_plan_as_planned_whichever_call_was_its_last)
{
    int finished = 0;
    for (int call = 1; call <= 30; ++call) finished += publish_by_two(call, false);
    EXPECT_GT(finished, 3) << "no successor ever met a planned window";
}

// What the dead owner planned and announced nothing of belongs where the store is by then.
TEST(LaneRelay, finishes_a_plan_whose_raw_store_is_another_one_by_now)
{
    int finished = 0;
    for (int call = 1; call <= 30; ++call) finished += publish_by_two(call, true);
    EXPECT_GT(finished, 3) << "no successor ever met a planned window";
}

TEST(LaneRelay, halts_where_the_staged_bytes_are_not_those_that_were_planned)
{
    FakeLaneWorld world = world_with_rows(4);
    for (int call = 1; world.planned.empty(); ++call) {
        world.calls = 0;
        world.fault = {call, true, true};
        Process dead{world};
        test::run(dead.io, dead.drain_once());
    }
    world.fault = {};
    for (OutboxRow& row : world.planned[0].window.rows) row.body = "{}";
    Process successor{world};
    test::run(successor.io, successor.drain_once());
    EXPECT_EQ(world.published_up_to(), 0);
    EXPECT_EQ(world.broken_rules, std::vector<std::string>{});
    const std::string cause = successor.health.all().at("lane/0").cause;
    EXPECT_NE(cause.find("staged bytes"), std::string::npos) << cause;
}

asio::awaitable<bool> publish_two_in_turn(Process& process, FakeLaneWorld& world)
{
    const auto in_log = [&world] {
        std::size_t records = 0;
        for (const auto& [partition, log] : world.log) records += log.size();
        return records;
    };
    Started<bool> lease{process.io.get_executor(), done(process.owner.run())};
    Started<bool> running{process.io.get_executor(), done(process.relay.run())};
    for (std::size_t row = 1; row <= 2; ++row) {
        world.rows.emplace_back(2 * row, "{}");
        process.relay.wake();
        while (in_log() < row) co_await sleep_until(SteadyClock::now() + 1ms);
    }
    process.relay.stop();
    co_await running.get();
    process.owner.stop();
    co_return co_await lease.get();
}

TEST(LaneRelay, records_a_window_with_the_plan_of_the_next_where_that_comes_soon)
{
    FakeLaneWorld world;
    Process process{world, 1min};
    test::run(process.io, publish_two_in_turn(process, world));
    EXPECT_EQ(world.shared_commits, 1);
    EXPECT_EQ(world.published_up_to(), 4) << "the last is recorded at the end";
    expect_exact(world, "");
}

TEST(LaneRelay, records_a_window_by_itself_where_nothing_follows)
{
    FakeLaneWorld world = world_with_rows(1);
    Process process{world, 5ms};
    EXPECT_TRUE(test::run(process.io, process.run_until(world, 2)));
    EXPECT_EQ(world.shared_commits, 0);
}

TEST(LaneRelay, quarantines_a_row_that_kafka_never_takes_and_goes_on)
{
    FakeLaneWorld world = world_with_rows(11);
    world.poison = {10};
    Process process{world};
    ASSERT_TRUE(test::run(process.io, process.run_until(world, 22)));
    EXPECT_EQ(world.quarantined, (std::vector<std::int64_t>{10}));
    expect_exact(world, "");
}

TEST(LaneRelay, finds_each_of_several_rows_that_kafka_never_takes_and_no_other)
{
    FakeLaneWorld world = world_with_rows(11);
    world.poison = {2, 4, 8, 20};
    Process process{world};
    ASSERT_TRUE(test::run(process.io, process.run_until(world, 22)));
    std::sort(world.quarantined.begin(), world.quarantined.end());
    EXPECT_EQ(world.quarantined, (std::vector<std::int64_t>{2, 4, 8, 20}));
    expect_exact(world, "");
}

TEST(LaneRelay, passes_over_events_of_a_denied_topic_and_publishes_the_others)
{
    FakeLaneWorld world = world_with_rows(11);
    world.of_v2 = {4, 10, 22};
    world.v2_denied_after_sends = 0;
    Process process{world};
    ASSERT_TRUE(test::run(process.io, process.run_until(world, 22)));
    EXPECT_EQ(world.quarantined, (std::vector<std::int64_t>{4, 10, 22}));
    expect_exact(world, "");
    EXPECT_TRUE(process.standing.once_allowed.empty());
}

// A database that was restored, and whose log was accepted, has rows that were never planned and
// are published.
TEST(LaneRelay, does_not_quarantine_what_the_log_of_a_denied_topic_holds)
{
    FakeLaneWorld world = world_with_rows(11);
    world.of_v2 = {2, 4, 10};
    world.v2_denied_after_sends = 0;
    world.accepted_up_to = 4;
    for (const std::int64_t id : {2, 4}) {
        OutboxRow row;
        row.topic = "record.ingested.v2";
        row.record_id.value.bytes[15] = static_cast<std::uint8_t>(id);
        const kafka::TopicPartition place = place_of(row, "", 2);
        auto& records = world.log[place];
        const auto before = static_cast<std::int64_t>(records.size());
        records.push_back({id, before + 1, "of a former database", "{}"});
        world.accepted[place] = Position{before, before + 1, id};
    }
    Process process{world};
    ASSERT_TRUE(test::run(process.io, process.run_until(world, 22)));
    EXPECT_EQ(world.quarantined, std::vector<std::int64_t>{10});
    expect_exact(world, "");
}

TEST(LaneRelay, finds_out_by_itself_that_a_topic_may_be_written_to_again)
{
    FakeLaneWorld world = world_with_rows(11);
    world.of_v2 = {4};
    world.v2_denied_after_sends = 0;
    Process first{world};
    ASSERT_TRUE(test::run(first.io, first.run_until(world, 22)));
    world.v2_denied_after_sends = 1000;
    world.rows.emplace_back(24, "{}");
    world.of_v2.insert(24);
    Process second{world};
    ASSERT_TRUE(test::run(second.io, second.run_until(world, 24)));
    EXPECT_EQ(second.standing.once_allowed, std::set<std::string>{"record.ingested.v2"});
    EXPECT_TRUE(second.standing.allowed.empty()) << "the lane is given up";
    expect_exact(world, "");
}

// Whatever was sent before the denial, and whichever call fails on the way.
TEST(LaneRelay, loses_and_doubles_nothing_when_a_topic_is_denied_in_between)
{
    for (int denied_after = 0; denied_after < 3; ++denied_after) {
        for (int call = 0; call < 60; ++call) {
            FakeLaneWorld world = world_with_rows(11);
            world.of_v2 = {4, 10, 12, 22};
            world.v2_denied_after_sends = denied_after;
            world.fault = {.call = call, .after_effect = call % 2 == 0};
            Process process{world};
            const std::string trace = std::to_string(denied_after) + "/" + std::to_string(call);
            EXPECT_TRUE(test::run(process.io, process.run_until(world, 22))) << trace;
            expect_exact(world, trace);
        }
    }
}

// A window that takes longer than its events may be held ends the generation once; the next one,
// which holds nothing, finishes it.
void expect_to_outlast(int slow_puts, int slow_commits, const std::string& slow)
{
    FakeLaneWorld world = world_with_rows(3);
    world.slow_puts = slow_puts;
    world.slow_commits = slow_commits;
    world.slowness = 100ms;
    world.hold_most = 20ms;
    Process process{world};
    EXPECT_TRUE(test::run(process.io, process.run_until(world, 6)));
    expect_exact(world, slow);
    EXPECT_THAT(process.metrics.expose(), HasSubstr("\nexchange_relay_failures_total 1\n"));
    EXPECT_THAT(process.metrics.expose(), HasSubstr("\nexchange_relay_finished_plans_total 1\n"));
}

TEST(LaneRelay, finishes_a_window_whose_bundles_take_longer_than_its_events_may_be_held)
{
    expect_to_outlast(1, 0, "raw store");
}

TEST(LaneRelay, finishes_a_window_whose_plan_takes_longer_than_its_events_may_be_held)
{
    expect_to_outlast(0, 1, "Postgres");
}

TEST(LaneRelay, waits_for_a_slow_raw_store_where_nothing_is_held)
{
    FakeLaneWorld world = world_with_rows(3);
    world.slow_puts = 1;
    world.slowness = 100ms;
    Process process{world};
    EXPECT_TRUE(test::run(process.io, process.run_until(world, 6)));
    EXPECT_THAT(process.metrics.expose(), HasSubstr("\nexchange_relay_failures_total 0\n"));
}

TEST(LaneRelay, stops_writing_once_another_owns_the_lane)
{
    FakeLaneWorld world = world_with_rows(11);
    Process process{world};
    world.epoch = Epoch{1};
    // The lease still looks valid to this process, but the row carries a newer epoch.
    struct Stale final : LeaseStore {
        asio::awaitable<std::optional<Epoch>> acquire(LeaseTerms) override { co_return Epoch{1}; }
        asio::awaitable<bool> renew(LeaseTerms, Epoch) override { co_return true; }
        asio::awaitable<void> release(LaneId, Epoch) override { co_return; }
    } stale;
    world.epoch = Epoch{2};
    LaneOwner owner{process.io.get_executor(), stale, LaneId{0}, "me", LeaseConfig{}};
    LaneRelay relay{process.io.get_executor(),
                    RelayPorts{process.lanes, process.log, process.store},
                    owner,
                    LaneId{0},
                    Layout{1, 1, 2},
                    {"record.ingested.v1"},
                    Process::config(),
                    process.relay_metrics,
                    process.logger,
                    process.health};
    const auto try_it = [](asio::io_context& io, LaneOwner& lease_owner,
                           LaneRelay& lane) -> asio::awaitable<bool> {
        Started<bool> lease{io.get_executor(), done(lease_owner.run())};
        Started<bool> running{io.get_executor(), done(lane.run())};
        co_await sleep_until(SteadyClock::now() + 20ms);
        lane.stop();
        co_await running.get();
        lease_owner.stop();
        co_return co_await lease.get();
    };
    test::run(process.io, try_it(process.io, owner, relay));
    EXPECT_TRUE(world.broken_rules.empty());
    EXPECT_TRUE(world.planned.empty());
    EXPECT_TRUE(world.log.empty() || world.log.begin()->second.empty());
}

}  // namespace
}  // namespace exchange::outbox
