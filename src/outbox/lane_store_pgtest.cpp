#include "outbox/outbox_fixture.hpp"
#include "outbox/pg_lane_store.hpp"
#include "support/pg_holder.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;

constexpr LaneId lane{0};

struct Lane : OutboxDatabase {
    Lane()
        : store{io.get_executor(), database.config()},
          leases{io.get_executor(), database.config(), layout.version}
    {
        epoch = *acquire("me");
    }

    std::optional<Epoch> acquire(const std::string& owner, Duration ttl = 5s)
    {
        return test::run(io, leases.acquire(LeaseTerms{lane, ttl, owner}));
    }

    PlannedWindow read(OutboxId after = {}, int rows = 100, std::int64_t bytes = 1 << 20)
    {
        PlannedWindow planned;
        planned.window = test::run(io, store.read(lane, after, rows, bytes));
        planned.bundles = make_bundles(BundleTerms{lane, "raw", "", 1 << 20}, planned.window);
        return planned;
    }

    bool plan(const PlannedWindow& planned, Epoch as)
    {
        LaneCommit what;
        what.plan = &planned;
        return test::run(io, store.commit(lane, as, std::move(what)));
    }

    std::vector<PlannedWindow> unfinished()
    {
        return test::run(io, store.load(lane, epoch))->unfinished;
    }

    bool record(const PlannedWindow& planned, Positions positions = {})
    {
        LaneCommit what;
        what.published = PublishedWindow{planned.window.to,
                                         static_cast<std::int32_t>(planned.window.rows.size()),
                                         std::move(positions)};
        return test::run(io, store.commit(lane, epoch, std::move(what)));
    }

    PgLaneStore store;
    PgLeaseStore leases;
    Epoch epoch;
};

TEST(LeaseStore, gives_a_lane_to_one_owner_until_it_expires_or_is_released)
{
    Lane db;
    EXPECT_EQ(db.acquire("other"), std::nullopt);
    EXPECT_TRUE(test::run(db.io, db.leases.renew(LeaseTerms{lane, 5s, "me"}, db.epoch)));
    test::run(db.io, db.leases.release(lane, db.epoch));
    const auto taken = db.acquire("other");
    ASSERT_TRUE(taken);
    EXPECT_GT(*taken, db.epoch);
    EXPECT_FALSE(test::run(db.io, db.leases.renew(LeaseTerms{lane, 5s, "me"}, db.epoch)));
}

TEST(LaneStore, reads_a_window_up_to_its_rows_and_bytes)
{
    Lane db;
    db.append_rows({db.row("key-00001", "{\"a\":1}"), db.row("key-00002", "{\"a\":22}"),
                    db.row("key-00003", "{\"a\":333}")});
    EXPECT_EQ(db.read().window.rows.size(), 3u);
    EXPECT_EQ(db.read({}, 2).window.rows.size(), 2u);
    EXPECT_EQ(db.read({}, 100, 15).window.rows.size(), 2u);
    EXPECT_EQ(db.read({}, 100, 1).window.rows.size(), 1u) << "one row always goes";
    EXPECT_TRUE(db.read(db.read().window.to).window.rows.empty());
}

TEST(LaneStore, reads_only_its_own_lane)
{
    Lane db;
    db.append_rows({db.row("key-00001", "{}", LaneId{1})}, LaneId{1});
    EXPECT_TRUE(db.read().window.rows.empty());
}

TEST(LaneStore, gives_a_successor_the_plan_as_it_was_planned)
{
    Lane db;
    db.append_rows({db.row("key-00001", "{\"a\":1}"), db.row("key-00002", "{\"a\":2}")});
    const PlannedWindow planned = db.read();
    ASSERT_TRUE(db.plan(planned, db.epoch));
    const LaneState state = *test::run(db.io, db.store.load(lane, db.epoch));
    ASSERT_EQ(state.unfinished.size(), 1u);
    EXPECT_EQ(state.unfinished[0].window.to, planned.window.to);
    ASSERT_EQ(state.unfinished[0].bundles.size(), 1u);
    EXPECT_EQ(state.unfinished[0].bundles[0].object_key, planned.bundles[0].object_key);
    EXPECT_EQ(state.unfinished[0].bundles[0].ids, planned.bundles[0].ids);
    EXPECT_EQ(state.unfinished[0].bundles[0].lengths, planned.bundles[0].lengths);
    EXPECT_EQ(state.unfinished[0].window.rows[0].record_id, planned.window.rows[0].record_id);
    EXPECT_EQ(state.unfinished[0].window.rows[1].body, "{\"a\":2}");
}

TEST(LaneStore, moves_the_bundles_of_an_unfinished_window_for_its_owner_alone)
{
    Lane db;
    db.append_rows({db.row("key-00001", "{\"a\":1}")});
    PlannedWindow planned = db.read();
    ASSERT_TRUE(db.plan(planned, db.epoch));
    planned.bundles[0].bucket = "elsewhere";
    planned.bundles[0].object_key = "north/" + planned.bundles[0].key;
    const Epoch former{db.epoch.value - 1};
    EXPECT_FALSE(test::run(db.io, db.store.move_bundles(lane, former, planned)));
    EXPECT_NE(db.unfinished().at(0).bundles[0].bucket, "elsewhere");
    EXPECT_TRUE(test::run(db.io, db.store.move_bundles(lane, db.epoch, planned)));
    const PlannedWindow moved = db.unfinished().at(0);
    EXPECT_EQ(moved.bundles[0].bucket, "elsewhere");
    EXPECT_EQ(moved.bundles[0].object_key, planned.bundles[0].object_key);
    ASSERT_TRUE(db.record(planned));
    EXPECT_FALSE(test::run(db.io, db.store.move_bundles(lane, db.epoch, planned)));
}

TEST(LaneStore, tells_a_former_owner_nothing)
{
    Lane db;
    test::run(db.io, db.leases.release(lane, db.epoch));
    const auto taken = db.acquire("other");
    ASSERT_TRUE(taken);
    EXPECT_FALSE(test::run(db.io, db.store.load(lane, db.epoch)));
    EXPECT_TRUE(test::run(db.io, db.store.load(lane, *taken)));
}

TEST(LaneStore, remembers_where_every_partition_stood)
{
    Lane db;
    db.append_rows({db.row("key-00001", "{}")});
    const PlannedWindow planned = db.read();
    ASSERT_TRUE(db.plan(planned, db.epoch));
    ASSERT_TRUE(
        db.record(planned, {{{"t", 0}, Position{41, 42, 1}}, {{"t", 4}, Position{-1, 0, 0}}}));
    const LaneState state = *test::run(db.io, db.store.load(lane, db.epoch));
    EXPECT_TRUE(state.unfinished.empty());
    EXPECT_EQ(state.published_up_to, planned.window.to);
    EXPECT_EQ(state.positions.at({"t", 0}).offset, 41);
    EXPECT_EQ(state.positions.at({"t", 0}).sequence, 42);
    EXPECT_EQ(state.positions.at({"t", 4}).offset, -1);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox_events WHERE published_at IS NOT NULL"), 1);
}

// H3: both transactions are older than every row, and have written: whoever asks for rows that are
// older than any open transaction sees none.
TEST(LaneStore, is_held_up_by_no_open_transaction_of_this_or_another_database)
{
    Lane db;
    const test::PgDatabase another{test::Schema::empty};
    test::PgHolder elsewhere{another.conninfo()};
    elsewhere.run("BEGIN; CREATE TABLE elsewhere (x int); INSERT INTO elsewhere VALUES (1)");
    test::PgHolder here{db.database.conninfo()};
    here.run("BEGIN; CREATE TABLE here (x int); INSERT INTO here VALUES (1); "
             "SELECT pg_advisory_xact_lock(1163412808, 1); SELECT nextval('outbox_id')");
    db.append_rows({db.row("key-00001", "{}"), db.row("key-00002", "{}")});
    db.append_rows({db.row("key-00003", "{}")});

    const PlannedWindow planned = db.read();
    ASSERT_EQ(planned.window.rows.size(), 3u);
    ASSERT_TRUE(db.plan(planned, db.epoch));
    const std::vector<PlannedWindow> unfinished = db.unfinished();
    ASSERT_EQ(unfinished.size(), 1u);
    EXPECT_EQ(unfinished[0].window.rows.size(), 3u);
    ASSERT_TRUE(db.record(planned));
    EXPECT_EQ(test::run(db.io, db.store.load(lane, db.epoch))->published_up_to, planned.window.to);
    EXPECT_EQ(db.number_of("SELECT count(published_at) FROM outbox_events"), 3);
    here.run("ROLLBACK");
    elsewhere.run("ROLLBACK");
}

// H7: an owner that was taken over while it slept must not write.
TEST(LaneStore, refuses_every_write_of_an_older_epoch_and_keeps_nothing_of_it)
{
    Lane db;
    db.append_rows({db.row("key-00001", "{}")});
    const PlannedWindow planned = db.read();
    EXPECT_FALSE(db.plan(planned, Epoch{db.epoch.value - 1}));
    LaneCommit quarantine;
    quarantine.quarantined.push_back({planned.window.rows[0].id, {}, "code", "detail"});
    EXPECT_FALSE(
        test::run(db.io, db.store.commit(lane, Epoch{db.epoch.value - 1}, std::move(quarantine))));
    for (const char* table : {"SELECT count(*) FROM windows", "SELECT count(*) FROM bundles",
                              "SELECT count(*) FROM published", "SELECT count(*) FROM quarantine"})
        EXPECT_EQ(db.number_of(table), 0) << table;
}

TEST(LaneStore, holds_later_rows_of_a_quarantined_record)
{
    Lane db;
    db.append_rows({db.row("key-00001", "{}")});
    const PlannedWindow planned = db.read();
    EXPECT_FALSE(planned.window.rows[0].held);
    LaneCommit what;
    what.quarantined.push_back({planned.window.rows[0].id, planned.window.rows[0].record_id,
                                "message_too_large", "too large"});
    ASSERT_TRUE(test::run(db.io, db.store.commit(lane, db.epoch, std::move(what))));
    EXPECT_TRUE(db.read().window.rows[0].held);
    ASSERT_TRUE(db.plan(db.read(), db.epoch));
    ASSERT_TRUE(db.record(planned));
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox_events WHERE published_at IS NULL"), 1)
        << "the runbook's view must not call a quarantined row published";
}

}  // namespace
}  // namespace exchange::outbox
