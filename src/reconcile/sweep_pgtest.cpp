#include "reconcile/sweep.hpp"

#include "outbox/lane_fixture.hpp"
#include "reconcile/store_owner.hpp"
#include "support/pg_holder.hpp"

namespace exchange::reconcile {
namespace {

using namespace std::chrono_literals;

struct SweepTest : ::testing::Test {
    SweepOutcome run_sweep(std::chrono::seconds grace = 0s)
    {
        return test::run(db.io, sweep(session, db.store, terms(grace)));
    }
    SweepTerms terms(std::chrono::seconds grace) const
    {
        return SweepTerms{db.layout.lanes, grace, "me", "why"};
    }
    // A bundle of rows (first, last] as a relay that died before its plan leaves it.
    std::string leave_bundle(std::int64_t first, std::int64_t last, LaneId lane = LaneId{0})
    {
        outbox::Bundle bundle;
        bundle.source = "clinic";
        bundle.ids = {first, last};
        std::string key = outbox::bundle_key(lane, bundle);
        db.store.objects()[key] = "left behind";
        return key;
    }
    std::set<std::string> keys()
    {
        std::set<std::string> all;
        for (const auto& [key, body] : db.store.objects())
            if (key.starts_with("bundles/")) all.insert(key);
        return all;
    }

    outbox::LaneDatabase db;
    pg::Session session{db.io.get_executor(), db.database.config()};
};

TEST_F(SweepTest, removes_an_object_that_no_plan_can_name_any_more)
{
    db.append_event("one");
    db.append_event("two");
    db.publish();
    const std::set<std::string> planned = keys();
    leave_bundle(1, 1);
    const SweepOutcome outcome = run_sweep();
    EXPECT_EQ(outcome.removed, 1u);
    EXPECT_EQ(keys(), planned);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM audit WHERE verb = 'sweep'"), 1);
    EXPECT_EQ(run_sweep().removed, 0u);
}

// Until its window is published, a bundle may be planned to where it was once more.
TEST_F(SweepTest, leaves_a_bundle_of_an_unfinished_window_that_was_planned_elsewhere)
{
    db.append_event("one");
    const outbox::PlannedWindow planned = db.plan();
    const std::set<std::string> stored = keys();
    db.script("UPDATE bundles SET bucket = 'elsewhere', key = 'north/' || key");
    EXPECT_EQ(run_sweep().orphans, 0u);
    EXPECT_EQ(keys(), stored);
    db.record(planned);
    EXPECT_EQ(run_sweep().removed, 1u);
    EXPECT_TRUE(keys().empty());
}

// Its last `published` row is dropped in time, and nothing is planned for it any more.
TEST_F(SweepTest, removes_what_a_lane_left_that_is_out_of_use)
{
    db.append_event("one");
    db.publish();
    leave_bundle(1, 1, LaneId{1});
    EXPECT_EQ(run_sweep().open, 1u);
    db.script("SELECT change_lanes(1::smallint, interval '1 second', 'me', 'why')");
    EXPECT_EQ(run_sweep().removed, 1u);
}

TEST_F(SweepTest, waits_until_the_mark_has_aged)
{
    db.append_event("one");
    db.publish();
    const std::string orphan = leave_bundle(1, 1);
    EXPECT_EQ(run_sweep(3600s).orphans, 1u);
    EXPECT_EQ(run_sweep(3600s).removed, 0u);
    EXPECT_TRUE(keys().contains(orphan));
    db.script("UPDATE orphans SET marked_at = marked_at - interval '3601 seconds'");
    EXPECT_EQ(run_sweep(3600s).removed, 1u);
    EXPECT_FALSE(keys().contains(orphan));
}

TEST_F(SweepTest, leaves_what_may_still_be_planned_and_what_no_relay_made)
{
    db.append_event("one");
    db.publish();
    const std::string open = leave_bundle(2, 3);
    db.store.objects()["bundles/notes.txt"] = "somebody's";
    const SweepOutcome outcome = run_sweep();
    EXPECT_EQ(outcome.removed, 0u);
    EXPECT_EQ(outcome.open, 1u);
    EXPECT_EQ(outcome.foreign, 1u);
    EXPECT_TRUE(keys().contains(open));
}

TEST_F(SweepTest, never_removes_a_bundle_that_is_being_planned)
{
    db.append_event("one");
    db.publish();
    for (int round = 0; round < 5; ++round) {
        db.append_event("next-" + std::to_string(round));
        outbox::PlannedWindow window;
        window.window =
            test::run(db.io, db.lanes.read(LaneId{0},
                                           OutboxId{db.number_of("SELECT max(to_id) FROM windows")},
                                           100, 1 << 20));
        window.bundles =
            outbox::make_bundles({LaneId{0}, db.store.bucket(), "", 1 << 20}, window.window);
        db.store.objects()[window.bundles.at(0).key] = window.bundles.at(0).bytes;
        EXPECT_EQ(run_sweep().removed, 0u) << "stored, and not planned yet";
        // The plan waits in mid-commit while the sweeper looks.
        test::PgHolder plan{db.database.conninfo()};
        plan.run("BEGIN; INSERT INTO windows (lane, from_id, to_id, epoch, row_count) VALUES (0, " +
                 std::to_string(window.window.from.value) + ", " +
                 std::to_string(window.window.to.value) + ", 1, 1)");
        EXPECT_EQ(run_sweep().removed, 0u) << "the plan is under way";
        plan.run("ROLLBACK");
        db.publish();
        EXPECT_EQ(run_sweep().removed, 0u) << "planned";
        EXPECT_TRUE(keys().contains(window.bundles.at(0).key));
    }
}

TEST_F(SweepTest, removes_nothing_of_a_plan_however_both_interleave)
{
    bool planning = true;
    const auto sweep_on = [](SweepTest& test, bool& go_on) -> boost::asio::awaitable<void> {
        while (go_on) {
            SweepTerms terms = test.terms(0s);
            const SweepOutcome outcome =
                co_await sweep(test.session, test.db.store, std::move(terms));
            EXPECT_EQ(outcome.removed, 0u);
        }
    };
    std::future<void> sweeping =
        boost::asio::co_spawn(db.io, sweep_on(*this, planning), boost::asio::use_future);
    for (int at = 0; at < 60; ++at) {
        db.append_event("key-" + std::to_string(at));
        if (at % 3 == 2) db.publish();
    }
    planning = false;
    test::turn_until_ready(db.io, sweeping);
    sweeping.get();
    EXPECT_EQ(db.number_of("SELECT count(*) FROM bundles"),
              static_cast<std::int64_t>(keys().size()));
}

TEST_F(SweepTest, goes_on_where_a_failure_stopped_it)
{
    db.append_event("one");
    db.publish();
    for (std::int64_t last = 1; last <= 4; ++last) leave_bundle(1, last);
    db.store.fail(testing::StoreOperation::remove, 3, objects::StoreFault::unavailable,
                  testing::StoreEffect::done);
    EXPECT_THROW(run_sweep(), objects::StoreError);
    EXPECT_EQ(run_sweep().orphans, 0u);
    EXPECT_EQ(keys().size(), 1u);
}

TEST_F(SweepTest, touches_no_store_of_another_database)
{
    db.append_event("one");
    db.publish();
    run_sweep();
    outbox::LaneDatabase other;
    other.append_event("one");
    other.append_event("two");
    other.publish();
    const std::set<std::string> before = keys();
    pg::Session session_of_other{db.io.get_executor(), other.database.config()};
    EXPECT_THROW(test::run(db.io, sweep(session_of_other, db.store, terms(0s))), StoreNotOurs);
    EXPECT_EQ(keys(), before);
    EXPECT_EQ(test::run(db.io, owner_of_store(session_of_other, db.store, test::soon())),
              StoreOwner::another);
}

}  // namespace
}  // namespace exchange::reconcile
