#include "outbox/pins.hpp"

#include "outbox/outbox_fixture.hpp"
#include "outbox/pg_lane_store.hpp"
#include "outbox/standing.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

struct Pins : OutboxDatabase {
    std::optional<Halt> look() { return test::run(io, standing.look()); }

    void set(const char* name, const char* value)
    {
        const auto connection = database.open(io);
        test::run(io, connection->script(std::string{"UPDATE pins SET value = '"} + value +
                                             "' WHERE name = '" + name + "'",
                                         test::soon()));
    }

    PinnedStanding standing{io.get_executor(), database.config()};
};

TEST(Pins, keeps_what_was_seen_first_and_lets_lanes_go_on)
{
    Pins db;
    EXPECT_FALSE(db.look());
    EXPECT_FALSE(db.look());
    EXPECT_EQ(db.number_of("SELECT count(*) FROM pins WHERE name LIKE 'postgres_%'"), 2);
}

TEST(Pins, halts_on_another_timeline_until_it_is_accepted)
{
    Pins db;
    EXPECT_FALSE(db.look());
    db.set(pin_timeline, "77");
    const auto halt = db.look();
    ASSERT_TRUE(halt);
    EXPECT_NE(halt->cause.find("but was on 77"), std::string::npos) << halt->cause;
    EXPECT_NE(halt->remedy.find("exchange reconcile"), std::string::npos);
    EXPECT_EQ(halt->cause.find('\n'), std::string::npos);

    Pin change;
    for (const Pin& found : test::run(db.io, read_identity(db.session, test::soon())))
        if (found.name == pin_timeline) change = found;
    EXPECT_TRUE(test::run(db.io, accept_pin(db.session, change, "me", "drill", test::soon())));
    EXPECT_FALSE(db.look());
    EXPECT_EQ(db.number_of("SELECT count(*) FROM audit WHERE details->>'was' = '77' AND "
                           "reason = 'drill' AND actor = 'me'"),
              1);
    // Not twice: what it was accepted over is no longer pinned.
    EXPECT_FALSE(test::run(db.io, accept_pin(db.session, change, "me", "drill", test::soon())));
    EXPECT_EQ(db.number_of("SELECT count(*) FROM audit"), 1);
}

TEST(Pins, halts_on_another_cluster_of_postgres)
{
    Pins db;
    EXPECT_FALSE(db.look());
    db.set(pin_system, "1");
    const auto halt = db.look();
    ASSERT_TRUE(halt);
    EXPECT_NE(halt->remedy.find(pin_system), std::string::npos);
}

// The session may lead to a promoted standby without anyone having looked.
TEST(Pins, refuses_each_write_of_an_owner_on_another_timeline)
{
    Pins db;
    db.append_rows({db.row("key-00001", "{}")});
    PgLeaseStore leases{db.io.get_executor(), db.database.config(), db.layout.version};
    PgLaneStore lanes{db.io.get_executor(), db.database.config()};
    LeaseTerms terms;
    terms.ttl = std::chrono::seconds{60};
    terms.owner = "me";
    const Epoch epoch = test::run(db.io, leases.acquire(terms)).value();
    const auto record = [&](std::int64_t to) {
        LaneCommit what;
        what.published = PublishedWindow{OutboxId{to}, 1, {}};
        return test::run(db.io, lanes.commit(LaneId{0}, epoch, std::move(what)));
    };
    EXPECT_FALSE(db.look());
    EXPECT_TRUE(record(1));
    EXPECT_TRUE(test::run(db.io, lanes.load(LaneId{0}, epoch)).has_value());
    db.set(pin_timeline, "77");
    EXPECT_FALSE(record(2));
    EXPECT_FALSE(test::run(db.io, lanes.load(LaneId{0}, epoch)).has_value());
    LaneCommit poison;
    poison.quarantined.push_back({OutboxId{1}, RecordId{}, "message_too_large", "too large"});
    EXPECT_FALSE(test::run(db.io, lanes.commit(LaneId{0}, epoch, std::move(poison))));
    PlannedWindow planned;
    planned.window.to = OutboxId{2};
    planned.bundles.emplace_back().ids = {2};
    LaneCommit plan;
    plan.plan = &planned;
    EXPECT_FALSE(test::run(db.io, lanes.commit(LaneId{0}, epoch, std::move(plan))));
    EXPECT_EQ(db.number_of("SELECT (SELECT count(*) FROM published) + (SELECT count(*) FROM "
                           "windows) + (SELECT count(*) FROM quarantine)"),
              1);
}

// A log may be far ahead of a restored database.
TEST(Pins, makes_room_for_the_ids_behind_a_log_that_is_accepted)
{
    Pins db;
    db.append_rows({db.row("key-00001", "{}")});
    EXPECT_EQ(db.number_of("SELECT accept_log(0::smallint, 90000000, 7, '{}', '{}', '{}', '{}', 1, "
                           "'{1}', 'me', 'why')"),
              0);
    EXPECT_EQ(db.number_of("SELECT max(id) FROM outbox"), 90'000'001) << "appended again with it";
    db.append_rows({db.row("key-00002", "{}")});
    EXPECT_EQ(db.number_of("SELECT max(id) FROM outbox"), 90'000'002);
}

TEST(Pins, goes_by_the_log_that_was_accepted_last_also_where_the_clock_stepped_back)
{
    Pins db;
    db.number_of("WITH one_each AS (UPDATE lane_layout SET partitions = lanes RETURNING 1) "
                 "SELECT count(*) FROM one_each");
    const char* accept = "SELECT accept_log(0::smallint, 10, 7, '{t}', '{0}', '{5}', ARRAY[(SELECT "
                         "1 + count(*) FROM accepted_logs)], 0, '{}', 'me', 'why')";
    db.number_of(accept);
    db.number_of("WITH earlier AS (UPDATE accepted_logs SET accepted_at = accepted_at + interval "
                 "'1 hour' RETURNING 1) SELECT count(*) FROM earlier");
    db.number_of(accept);
    EXPECT_EQ(db.number_of("SELECT sequences[1] FROM stand_of(0::smallint)"), 2);
}

TEST(Pins, accepts_no_log_that_was_looked_at_before_the_lanes_changed)
{
    Pins db;
    db.number_of("WITH changed AS (UPDATE lane_layout SET lanes = 2, partitions = 4 RETURNING 1) "
                 "SELECT count(*) FROM changed");
    const auto accept = [&db](const std::string& partitions) {
        const std::string query = "WITH log AS (SELECT '" + partitions +
                                  "'::integer[] AS p) SELECT accept_log(0::smallint, 10, 7, "
                                  "array_fill('t'::text, ARRAY[cardinality(p)]), p, p, p, 0, '{}', "
                                  "'me', 'why') FROM log";
        return db.number_of(query.c_str());
    };
    EXPECT_THROW(accept("{0,1,2,3}"), pg::Refused) << "there was one lane";
    EXPECT_THROW(accept("{0}"), pg::Refused) << "there were four";
    EXPECT_EQ(db.number_of("SELECT last_value FROM outbox_id"), 1) << "nothing of it is kept";
    EXPECT_EQ(accept("{0,2}"), 0);
}

TEST(Pins, closes_a_partition_that_holds_rows_and_no_empty_one)
{
    Pins db;
    db.append_rows({db.row("key-00001", "{}")});
    EXPECT_EQ(db.number_of("SELECT close_partition(1000000)::integer"), 1);
    EXPECT_EQ(db.number_of("SELECT close_partition(1000000)::integer"), 0);
    db.append_rows({db.row("key-00002", "{}")});
    EXPECT_EQ(db.number_of("SELECT max(id) FROM outbox"), 1'000'000);
}

}  // namespace
}  // namespace exchange::outbox
