#include "reconcile/repair.hpp"

#include "outbox/lane_fixture.hpp"
#include "reconcile/sweep.hpp"

namespace exchange::reconcile {
namespace {

using namespace std::chrono_literals;

struct RepairTest : ::testing::Test {
    RepairTest()
    {
        db.append_event("one");
        db.publish();
    }
    // As a relay that died before its plan leaves one; named by the report only if `found`.
    std::string leave_orphan(std::int64_t last, bool found = true)
    {
        outbox::Bundle bundle;
        bundle.source = "clinic";
        bundle.ids = {1, last};
        std::string key = outbox::bundle_key(LaneId{0}, bundle);
        db.store.objects()[key] = "left behind";
        if (found) findings.add({Kind::orphan, key, "11 bytes"});
        return key;
    }
    RepairOutcome run_repair(std::chrono::seconds grace)
    {
        RepairTerms terms{db.layout, grace, "me", "why"};
        return test::run(db.io, repair(session, db.store, findings, terms));
    }
    bool repaired(const RepairOutcome& outcome) const
    {
        return all_repaired(plan_repair(findings), outcome);
    }

    outbox::LaneDatabase db;
    pg::Session session{db.io.get_executor(), db.database.config()};
    Findings findings;
};

TEST_F(RepairTest, is_whole_once_the_orphans_found_are_removed)
{
    const std::string orphan = leave_orphan(1);
    const RepairOutcome outcome = run_repair(0s);
    EXPECT_EQ(outcome.swept, 1u);
    EXPECT_FALSE(db.store.objects().contains(orphan));
    EXPECT_TRUE(repaired(outcome));
}

// The service's own may do so between report and repair.
TEST_F(RepairTest, is_whole_also_when_another_sweeper_removed_what_was_found)
{
    leave_orphan(1);
    leave_orphan(2);
    SweepTerms other{db.layout.lanes_ever, 0s, "sweeper", "its own round"};
    ASSERT_EQ(test::run(db.io, sweep(session, db.store, other)).removed, 2u);
    const RepairOutcome outcome = run_repair(0s);
    EXPECT_EQ(outcome.swept, 0u);
    EXPECT_TRUE(repaired(outcome));
}

TEST_F(RepairTest, leaves_an_orphan_whose_mark_is_young_and_says_so)
{
    const std::string orphan = leave_orphan(1);
    const RepairOutcome outcome = run_repair(3600s);
    EXPECT_EQ(outcome.orphans_left, 1u);
    EXPECT_TRUE(db.store.objects().contains(orphan));
    EXPECT_FALSE(repaired(outcome));
}

TEST_F(RepairTest, asks_nothing_of_orphans_the_report_does_not_count)
{
    leave_orphan(1, false);
    const RepairOutcome outcome = run_repair(3600s);
    EXPECT_EQ(outcome.orphans_left, 0u);
    EXPECT_TRUE(repaired(outcome));
}

TEST_F(RepairTest, is_not_whole_while_the_report_counts_more_than_it_names)
{
    for (std::size_t at = 0; at <= Findings::kept_most; ++at)
        findings.add({Kind::ghost, "topic/0@" + std::to_string(at), "no row"});
    const RepairOutcome outcome = run_repair(0s);
    EXPECT_EQ(outcome.marked_known, Findings::kept_most);
    EXPECT_EQ(outcome.unnamed, 1u);
    EXPECT_FALSE(repaired(outcome));
}

}  // namespace
}  // namespace exchange::reconcile
