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
    EXPECT_EQ(db.number_of("SELECT count(*) FROM published"), 1);
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
