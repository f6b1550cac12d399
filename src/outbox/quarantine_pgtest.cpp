#include "outbox/lane_fixture.hpp"
#include "support/pg_holder.hpp"

namespace exchange::outbox {
namespace {

using Ids = std::vector<std::int64_t>;

struct QuarantineTest : ::testing::Test {
    AppendedAgain release(std::int64_t id)
    {
        return test::run(
            db.io, quarantine.release({OutboxId{id}, false, "operator@desk", "why"}, test::soon()));
    }
    AppendedAgain discard(std::int64_t id, bool all = false)
    {
        return test::run(
            db.io, quarantine.discard({OutboxId{id}, all, "operator@desk", "why"}, test::soon()));
    }
    Ids listed(bool decided = false)
    {
        QuarantineFilter filter;
        filter.decided = decided;
        Ids ids;
        for (const QuarantineEntry& entry :
             test::run(db.io, quarantine.list(filter, OutboxId{}, 100, test::soon())))
            ids.push_back(entry.id.value);
        return ids;
    }
    static Ids old_ids(const AppendedAgain& appended)
    {
        Ids ids;
        for (const auto& [old_id, new_id] : appended) ids.push_back(old_id.value);
        return ids;
    }
    static Ids new_ids(const AppendedAgain& appended)
    {
        Ids ids;
        for (const auto& [old_id, new_id] : appended) ids.push_back(new_id.value);
        return ids;
    }

    LaneDatabase db;
    Quarantine quarantine{db.session, db.store};
    RecordId record = draw_record_id(db.layout, LaneId{0}, unix_ms_now(), db.random);
};

TEST_F(QuarantineTest, holds_later_rows_of_the_same_record_planned_with_it_and_after_it)
{
    const std::int64_t first = db.append_event("first", record);
    const std::int64_t other = db.append_event("other");
    const std::int64_t second = db.append_event("second", record);
    EXPECT_EQ(db.publish({first}), Ids{other});
    const std::int64_t third = db.append_event("third", record);
    EXPECT_EQ(db.publish(), Ids{});
    EXPECT_EQ(listed(), (Ids{first, second, third}));
    const auto shown = test::run(db.io, quarantine.show(OutboxId{first}, test::soon()));
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->holds, (Ids{second, third}));
    EXPECT_EQ(shown->entry.code, "message_too_large");
    EXPECT_TRUE(shown->staged);
}

TEST_F(QuarantineTest, releases_a_row_and_those_it_held_in_their_order_under_their_event_ids)
{
    const std::int64_t first = db.append_event("first", record);
    const std::int64_t second = db.append_event("second", record);
    db.publish({first});
    const AppendedAgain appended = release(first);
    EXPECT_EQ(old_ids(appended), (Ids{first, second}));
    EXPECT_LT(appended[0].second, appended[1].second);
    const std::int64_t third = db.append_event("third", record);
    Ids expected = new_ids(appended);
    expected.push_back(third);
    EXPECT_EQ(db.publish(), expected) << "the record is held no longer";
    EXPECT_EQ(db.number_of("SELECT count(*) FROM (SELECT event_id FROM outbox GROUP BY event_id "
                           "HAVING count(*) = 2 AND count(DISTINCT sha256) = 1) twice"),
              2);
    EXPECT_EQ(listed(), Ids{});
    EXPECT_EQ(listed(true), (Ids{first, second}));
    EXPECT_EQ(db.conservation().difference(), 0);
}

TEST_F(QuarantineTest, releases_rows_of_a_denied_topic_only_where_their_lane_may_write_to_it)
{
    const std::int64_t id = db.append_event("first");
    db.plan();
    LaneCommit parked;
    parked.quarantined.push_back({OutboxId{id}, record, "topic_denied", "may not be written to"});
    db.commit(std::move(parked));
    const auto epoch = Epoch{db.number_of("SELECT epoch FROM lanes WHERE lane = 0")};
    const auto waiting = [&] {
        return test::run(db.io, db.lanes.load(LaneId{0}, epoch))->denied_topics;
    };
    const auto released = [&](AllowedTopics allowed) {
        return test::run(db.io, quarantine.release_returned({}, allowed, OutboxId{}, test::soon()))
            .rows;
    };
    EXPECT_EQ(waiting(), std::vector<std::string>{"record.ingested.v1"});
    EXPECT_EQ(released({}), 0U);
    EXPECT_EQ(released({{LaneId{1}, "record.ingested.v1"}}), 0U);
    EXPECT_EQ(released({{LaneId{0}, "record.ingested.v2"}}), 0U);
    EXPECT_EQ(released({{LaneId{0}, "record.ingested.v1"}}), 1U);
    EXPECT_TRUE(waiting().empty());
    EXPECT_EQ(released({{LaneId{0}, "record.ingested.v1"}}), 0U);
}

// One whose raw bytes are lost holds up neither the others nor the rest of the page.
TEST_F(QuarantineTest, releases_what_it_can_of_rows_whose_topic_is_back)
{
    const std::int64_t lost = db.append_event("lost");
    db.append_event("kept");
    LaneCommit parked;
    const PlannedWindow planned = db.plan();
    for (const OutboxRow& row : planned.window.rows)
        parked.quarantined.push_back({row.id, row.record_id, "topic_missing", "waits"});
    db.commit(std::move(parked));
    db.script("DELETE FROM staged WHERE id = " + std::to_string(lost));
    db.store.objects().clear();
    const Released released =
        test::run(db.io, quarantine.release_returned({}, {}, OutboxId{}, test::soon()));
    EXPECT_EQ(released.rows, 1U);
    EXPECT_EQ(released.stuck, 1U);
    EXPECT_NE(released.cause, "");
    EXPECT_EQ(released.next, OutboxId{});
    EXPECT_EQ(listed(), Ids{lost});
}

TEST_F(QuarantineTest, keeps_the_time_at_which_the_event_occurred)
{
    const std::int64_t id = db.append_event("one");
    db.script("UPDATE outbox SET created_at = '2026-01-01T00:00:00Z'");
    db.publish({id});
    release(id);
    const Window window = test::run(db.io, db.lanes.read(LaneId{0}, OutboxId{id}, 10, 1 << 20));
    ASSERT_EQ(window.rows.size(), 1u);
    EXPECT_EQ(window.rows[0].created_at_us, 1'767'225'600'000'000);
}

TEST_F(QuarantineTest, refuses_what_is_not_in_quarantine_decided_already_or_not_the_first)
{
    const std::int64_t first = db.append_event("first", record);
    const std::int64_t second = db.append_event("second", record);
    db.publish({first});
    EXPECT_THROW(release(second), std::invalid_argument) << "it would overtake the first";
    EXPECT_THROW(discard(second + 1), std::invalid_argument);
    release(first);
    EXPECT_THROW(release(first), std::invalid_argument);
    EXPECT_THROW(discard(first), std::invalid_argument);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM outbox"), 4);
}

TEST_F(QuarantineTest, discards_a_row_for_good_and_publishes_what_it_held)
{
    const std::int64_t first = db.append_event("first", record);
    const std::int64_t second = db.append_event("second", record);
    db.publish({first});
    const AppendedAgain appended = discard(first);
    EXPECT_EQ(old_ids(appended), Ids{second});
    EXPECT_EQ(db.publish(), new_ids(appended));
    EXPECT_EQ(db.conservation().discarded, 1);
    EXPECT_EQ(db.conservation().difference(), 0);
}

TEST_F(QuarantineTest, discards_all_of_a_record_when_asked_to)
{
    const std::int64_t first = db.append_event("first", record);
    db.append_event("second", record);
    db.publish({first});
    EXPECT_EQ(discard(first, true).size(), 0u);
    EXPECT_EQ(db.publish(), Ids{});
    EXPECT_EQ(db.conservation().discarded, 2);
    const std::int64_t third = db.append_event("third", record);
    EXPECT_EQ(db.publish(), Ids{third});
}

TEST_F(QuarantineTest, lets_a_poison_row_between_hold_what_is_behind_it)
{
    const std::int64_t first = db.append_event("first", record);
    const std::int64_t second = db.append_event("second", record);
    const std::int64_t third = db.append_event("third", record);
    db.publish({first, second});
    const AppendedAgain appended = release(first);
    EXPECT_EQ(old_ids(appended), Ids{first});
    EXPECT_EQ(db.publish(), new_ids(appended)) << "only what comes after it waits for the second";
    EXPECT_EQ(listed(), (Ids{second, third}));
    EXPECT_EQ(old_ids(release(second)), (Ids{second, third}));
    EXPECT_EQ(db.publish().size(), 2u);
}

TEST_F(QuarantineTest, takes_raw_bytes_from_the_bundle_once_they_are_staged_no_more)
{
    db.append_event("before");
    const std::int64_t id = db.append_event("one");
    db.publish({id});
    db.script("DELETE FROM staged");
    const AppendedAgain appended = release(id);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM staged s JOIN outbox o ON o.id = s.id AND "
                           "o.sha256 = sha256(s.body)"),
              1);
    EXPECT_EQ(db.publish(), new_ids(appended));
}

TEST_F(QuarantineTest, releases_nothing_when_the_raw_bytes_are_gone)
{
    const std::int64_t id = db.append_event("one");
    db.publish({id});
    db.script("DELETE FROM staged");
    db.store.objects().clear();
    EXPECT_THROW(release(id), objects::StoreError);
    EXPECT_EQ(listed(), Ids{id});
}

TEST_F(QuarantineTest, lets_no_event_overtake_an_earlier_one_that_was_released_behind_it)
{
    const std::int64_t first = db.append_event("first", record);
    db.publish({first});
    const std::int64_t late = db.append_event("late", record);
    const AppendedAgain appended = release(first);
    EXPECT_EQ(db.publish(), new_ids(appended)) << "the late one stands before it in the outbox";
    EXPECT_EQ(listed(), Ids{late});
    EXPECT_EQ(test::run(db.io, quarantine.release_stranded(OutboxId{}, test::soon())).rows, 1u);
    EXPECT_EQ(listed(), Ids{});
    EXPECT_EQ(db.publish(), Ids{new_ids(appended).at(0) + 1});
    EXPECT_EQ(db.conservation().difference(), 0);
}

TEST_F(QuarantineTest, releases_rows_that_were_planned_as_held_at_the_moment_of_the_decision)
{
    const std::int64_t first = db.append_event("first", record);
    db.publish({first});
    const std::int64_t late = db.append_event("late", record);
    const Window read = test::run(db.io, db.lanes.read(LaneId{0}, OutboxId{first}, 10, 1 << 20));
    ASSERT_TRUE(read.rows.at(0).held);
    const AppendedAgain appended = release(first);
    db.script("INSERT INTO quarantine (outbox_id, lane, record_id, code, detail) SELECT id, lane, "
              "record_id, 'key_held', 'held' FROM outbox WHERE id = " +
              std::to_string(late));
    EXPECT_EQ(db.publish(), new_ids(appended));
    EXPECT_EQ(test::run(db.io, quarantine.release_stranded(OutboxId{}, test::soon())).rows, 1u);
    EXPECT_EQ(db.publish().size(), 1u);
    EXPECT_EQ(db.conservation().difference(), 0);
}

TEST_F(QuarantineTest, writes_down_who_decided_what_and_why)
{
    const std::int64_t id = db.append_event("one");
    db.publish({id});
    release(id);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM audit WHERE actor = 'operator@desk' AND verb = "
                           "'outbox release' AND reason = 'why' AND db_user = session_user"),
              1);
}

TEST_F(QuarantineTest, waits_for_the_lane_so_that_ids_rise_in_commit_order)
{
    const std::int64_t id = db.append_event("one");
    db.publish({id});
    test::PgHolder busy{db.database.conninfo()};
    busy.run("BEGIN; SELECT pg_advisory_xact_lock(1163412808, 0)");
    pg::ConnectConfig impatient = db.database.config();
    impatient.lock_timeout = std::chrono::milliseconds{100};
    pg::Session session{db.io.get_executor(), impatient};
    Quarantine waiting{session, db.store};
    EXPECT_THROW(
        test::run(db.io, waiting.release({OutboxId{id}, false, "me", "why"}, test::soon())),
        pg::Unavailable);
    EXPECT_EQ(listed(), Ids{id});
}

}  // namespace
}  // namespace exchange::outbox
