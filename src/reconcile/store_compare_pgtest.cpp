#include "reconcile/store_compare.hpp"

#include "outbox/lane_fixture.hpp"

namespace exchange::reconcile {
namespace {

using namespace std::chrono_literals;

struct StoreCompareTest : ::testing::Test {
    StoreCompareTest()
    {
        for (const char* key : {"one", "two", "three"}) {
            db.append_event(key);
            db.publish();
        }
    }

    std::map<Kind, std::size_t> compare(bool deep = false, std::chrono::seconds grace = 0s)
    {
        Findings found;
        totals = test::run(db.io, compare_store(session, db.store,
                                                StoreTerms{db.layout.lanes, grace, deep}, found));
        std::map<Kind, std::size_t> counts;
        for (const KindInfo& kind : kinds)
            if (found.count(kind.kind) > 0) counts[kind.kind] = found.count(kind.kind);
        return counts;
    }
    using Counts = std::map<Kind, std::size_t>;

    outbox::LaneDatabase db;
    pg::Session session{db.io.get_executor(), db.database.config()};
    StoreTotals totals;
};

TEST_F(StoreCompareTest, finds_nothing_where_every_bundle_is_as_planned)
{
    EXPECT_EQ(compare(true), Counts{});
    EXPECT_EQ(totals.bundles, 3u);
    EXPECT_EQ(totals.objects, 3u);
}

TEST_F(StoreCompareTest, finds_bundles_that_are_not_in_the_store_wherever_they_stand)
{
    db.store.objects().erase(db.store.objects().begin());
    db.store.objects().erase(std::prev(db.store.objects().end()));
    EXPECT_EQ(compare(), (Counts{{Kind::object_missing, 2}}));
}

TEST_F(StoreCompareTest, owes_nothing_to_the_store_of_a_window_that_is_not_published)
{
    db.append_event("four");
    const outbox::PlannedWindow planned = db.plan();
    const std::string bytes = db.store.objects().at(planned.bundles.at(0).key);
    db.store.objects().erase(planned.bundles.at(0).key);
    EXPECT_EQ(compare(true), Counts{});
    EXPECT_EQ(totals.unstored, 1u);
    db.record(planned);
    EXPECT_EQ(compare(true), (Counts{{Kind::object_missing, 1}}));
    db.store.objects()[planned.bundles.at(0).key] = bytes;
    EXPECT_EQ(compare(true), Counts{});
}

TEST_F(StoreCompareTest, finds_an_object_of_another_size_and_looking_inside_of_other_bytes)
{
    auto object = db.store.objects().begin();
    object->second += "x";
    std::next(object)->second[0] ^= 1;
    EXPECT_EQ(compare(), (Counts{{Kind::object_torn, 1}}));
    EXPECT_EQ(compare(true), (Counts{{Kind::object_torn, 2}}));
}

TEST_F(StoreCompareTest, finds_orphans_once_they_are_older_than_the_grace)
{
    outbox::Bundle left;
    left.source = "clinic";
    left.ids = {2, 2};
    const std::string key = outbox::bundle_key(LaneId{0}, left);
    const std::string bytes = "left behind";
    test::run(db.io, db.store.put(key, bytes, crypto::sha256(bytes), test::soon()));
    EXPECT_EQ(compare(false, 3600s), Counts{});
    EXPECT_EQ(totals.young_orphans, 1u);
    EXPECT_EQ(compare(false, -1s), (Counts{{Kind::orphan, 1}}));
}

TEST_F(StoreCompareTest, tells_objects_that_are_no_bundles_and_those_that_may_become_one)
{
    db.store.objects()["bundles/notes.txt"] = "somebody's";
    outbox::Bundle next;
    next.source = "clinic";
    next.ids = {1000, 1000};
    db.store.objects()[outbox::bundle_key(LaneId{0}, next)] = "on its way";
    EXPECT_EQ(compare(), (Counts{{Kind::object_foreign, 1}}));
    EXPECT_EQ(totals.open, 1u);
}

}  // namespace
}  // namespace exchange::reconcile
