#include "base/failpoint.hpp"
#include "outbox/outbox_fixture.hpp"
#include "outbox/pg_lane_store.hpp"
#include "outbox/retention.hpp"
#include "support/pg_holder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;

// A raw store that lists what it was given.
class ListingStore final : public objects::RawStore {
public:
    std::map<std::string, std::string> objects;

    boost::asio::awaitable<void> put(std::string key, std::string_view body, objects::Sha256,
                                     TimePoint) override
    {
        objects[key] = body;
        co_return;
    }
    boost::asio::awaitable<std::vector<objects::ObjectInfo>>
    list(std::string prefix, std::string after, TimePoint) override
    {
        std::vector<objects::ObjectInfo> page;
        for (const auto& [key, body] : objects)
            if (key.starts_with(prefix) && key > after && page.size() < 1000)
                page.push_back({key, body.size(), 0});
        co_return page;
    }
    boost::asio::awaitable<std::string> get(std::string, std::uint64_t, std::uint64_t,
                                            TimePoint) override
    {
        co_return std::string{};
    }
    boost::asio::awaitable<std::optional<objects::ObjectInfo>> head(std::string, TimePoint) override
    {
        co_return std::nullopt;
    }
    boost::asio::awaitable<void> remove(std::string, TimePoint) override { co_return; }
    boost::asio::awaitable<void> probe(TimePoint) override { co_return; }
    std::string bucket() const override { return "raw"; }
};

// Small partitions, so that a few rows fill one.
struct Partitions : OutboxDatabase {
    explicit Partitions(std::int64_t ids = 100)
        : lanes{io.get_executor(), database.config()},
          leases{io.get_executor(), database.config(), layout.version},
          retention{io.get_executor(),
                    database.config(),
                    layout,
                    store,
                    settings(ids),
                    log,
                    health,
                    [this] { return short_of_room; }}
    {
        test::run(io, retention.make());
    }

    static RetentionConfig settings(std::int64_t ids)
    {
        RetentionConfig settings;
        settings.partition_ids = ids;
        settings.partitions_ahead = 2;
        settings.keep_published = std::chrono::hours{0};
        return settings;
    }

    void append_some(int count)
    {
        std::vector<AppendRow> rows;
        for (int at = 0; at < count; ++at)
            rows.push_back(row("key-" + std::to_string(next_++) + "-long", "{\"n\":1}"));
        append_rows(rows);
    }

    void publish_all()
    {
        const Epoch epoch = *test::run(io, leases.acquire(LeaseTerms{LaneId{0}, 5s, "me"}));
        PlannedWindow planned;
        planned.window = test::run(io, lanes.read(LaneId{0}, published_up_to_, 10000, 1 << 24));
        planned.bundles = make_bundles(BundleTerms{LaneId{0}, "raw", "", 1 << 20}, planned.window);
        for (const Bundle& bundle : planned.bundles) store.objects[bundle.key] = bundle.bytes;
        LaneCommit what;
        what.plan = &planned;
        what.published = PublishedWindow{planned.window.to, 1, {}};
        ASSERT_TRUE(test::run(io, lanes.commit(LaneId{0}, epoch, std::move(what))));
        published_up_to_ = planned.window.to;
    }

    std::int64_t partitions(const std::string& table)
    {
        const std::string query = "SELECT count(*) FROM id_partitions('" + table + "')";
        return number_of(query.c_str());
    }

    int drop() { return test::run(io, retention.drop()); }

    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::error};
    obs::Health health{log};
    ListingStore store;
    bool short_of_room = false;
    PgLaneStore lanes;
    PgLeaseStore leases;
    Retention retention;

private:
    OutboxId published_up_to_;
    int next_ = 0;
};

TEST(Retention, makes_partitions_ahead_once)
{
    Partitions db;
    EXPECT_EQ(db.partitions("outbox"), 3);
    test::run(db.io, db.retention.make());
    EXPECT_EQ(db.partitions("outbox"), 3);
}

TEST(Retention, drops_nothing_that_is_not_published)
{
    Partitions db;
    db.append_some(150);
    EXPECT_EQ(db.drop(), 0);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM staged"), 150);
}

TEST(Retention, drops_what_is_published_and_stored_and_keeps_the_lanes_last_position)
{
    Partitions db;
    db.append_some(150);
    db.publish_all();
    EXPECT_GT(db.drop(), 0);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM staged WHERE id < 100"), 0);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM staged"), 51);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 51);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM published"), 1);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM records"), 150) << "the ledger is for good";
}

TEST(Retention, keeps_staged_bytes_whose_bundle_is_not_in_the_store)
{
    Partitions db;
    db.append_some(150);
    db.publish_all();
    db.store.objects.begin()->second += "x";
    EXPECT_EQ(db.drop(), 0);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM staged"), 150);
    EXPECT_EQ(db.health.all().at("raw_store_bundles").condition, obs::Condition::failed);
    db.store.objects.clear();
    EXPECT_EQ(db.drop(), 0);
}

TEST(Retention, waits_while_a_lane_is_busy)
{
    Partitions db;
    db.append_some(150);
    db.publish_all();
    test::PgHolder busy{db.database.conninfo()};
    busy.run("BEGIN; SELECT pg_advisory_xact_lock(1163412808, 1)");
    EXPECT_EQ(db.drop(), 0);
    busy.run("ROLLBACK");
    EXPECT_GT(db.drop(), 0);
}

// Who waits to drop holds the lanes' locks: every append would wait behind a dump.
TEST(Retention, does_not_wait_for_a_reader_of_whole_tables_and_drops_once_it_is_done)
{
    Partitions db;
    db.append_some(150);
    db.publish_all();
    test::PgHolder dump{db.database.conninfo()};
    dump.run("BEGIN; LOCK TABLE staged IN ACCESS SHARE MODE");
    const TimePoint begun = SteadyClock::now();
    EXPECT_THROW(db.drop(), pg::Unavailable);
    EXPECT_LT(SteadyClock::now() - begun, 3s) << "LOCK_TIMEOUT_MS is 5000";
    dump.run("ROLLBACK");
    EXPECT_GT(db.drop(), 0);
}

TEST(Retention, drops_the_partition_that_is_being_filled_when_room_is_short)
{
    Partitions db;
    db.append_some(50);
    db.publish_all();
    EXPECT_EQ(db.drop(), 0);
    db.short_of_room = true;
    EXPECT_GT(db.drop(), 0);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM staged"), 0);
    EXPECT_EQ(db.number_of("SELECT last_value FROM outbox_id"), 100);
    EXPECT_EQ(db.drop(), 0) << "an empty partition is not closed again";
    db.append_some(1);
    EXPECT_EQ(db.drop(), 0) << "what is not published stays";
    EXPECT_EQ(db.number_of("SELECT count(*) FROM staged"), 1);
}

// Vacuum may remove nothing behind a snapshot that is held, so garbage a row would add up for as
// long as it lasts. What is only inserted, and dropped by partition, leaves none.
TEST(Retention, leaves_no_dead_row_behind_events_under_a_held_snapshot)
{
    constexpr int events = 40'000;
    constexpr int group = 1000;
    Partitions db{10'000};
    test::PgHolder holder{db.database.conninfo()};
    holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_snapshot()");
    for (int at = 0; at < events; at += group) {
        db.append_some(group);
        if (at / group % 5 == 4) db.publish_all();
        if (at / group % 10 == 9) {
            db.drop();
            test::run(db.io, db.retention.make());
        }
    }
    EXPECT_LT(db.number_of("SELECT count(*) FROM staged"), events) << "partitions were dropped";
    // Counters of other sessions arrive late; the ledger's say when all are there.
    const char* counted = "SELECT (coalesce(sum(n_tup_ins), 0) >= 40000)::integer "
                          "FROM pg_stat_user_tables WHERE relname LIKE 'records_%'";
    const TimePoint deadline = SteadyClock::now() + 30s;
    while (db.number_of(counted) == 0) {
        ASSERT_LT(SteadyClock::now(), deadline);
        test::run(db.io, sleep_until(SteadyClock::now() + 100ms));
    }
    EXPECT_EQ(db.number_of("SELECT coalesce(sum(n_dead_tup + n_tup_upd + n_tup_del), 0)::int8 "
                           "FROM pg_stat_user_tables WHERE relname <> 'lanes'"),
              0);
    holder.run("ROLLBACK");
}

TEST(Retention, keeps_its_pace_while_postgres_is_away)
{
    boost::asio::io_context io{1};
    pg::ConnectConfig nowhere;
    nowhere.conninfo = "host=127.0.0.1 port=1 dbname=x user=x";
    RetentionConfig settings;
    settings.make_every = 100ms;
    settings.drop_every = 50ms;
    ListingStore store;
    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::error};
    obs::Health health{log};
    Retention retention{io.get_executor(), nowhere, Layout{}, store, settings, log, health, {}};
    boost::asio::co_spawn(io, retention.run(), boost::asio::detached);
    const std::string counted = ::testing::TempDir() + "retention-" + std::to_string(::getpid());
    {
        const ArmedFailpoints armed{"count=" + counted};
        io.run_for(500ms);
    }
    std::string site;
    int attempts = 0;
    std::ifstream{counted} >> site >> attempts;
    std::filesystem::remove(counted);
    EXPECT_EQ(site, "retention/make");
    EXPECT_GE(attempts, 2);
    EXPECT_LE(attempts, 10) << "one each 50 ms";
    EXPECT_EQ(health.all().at("retention").condition, obs::Condition::degraded);
    retention.stop();
    io.run_for(1s);
}

}  // namespace
}  // namespace exchange::outbox
