#include "outbox/conservation.hpp"
#include "outbox/lane_change.hpp"
#include "outbox/outbox_fixture.hpp"
#include "outbox/pg_lane_store.hpp"
#include "outbox/republish.hpp"
#include "support/fake_store.hpp"

#include <gtest/gtest.h>

#include <future>

namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;

class LaneChangeTest : public OutboxDatabase, public ::testing::Test {
protected:
    LaneChange change(std::int16_t number_of_lanes, std::chrono::milliseconds patience = 200ms)
    {
        LaneChangeTerms terms;
        terms.lanes = number_of_lanes;
        terms.patience = patience;
        terms.actor = "me";
        terms.reason = "why";
        return test::run(io, change_lanes(session, std::move(terms)));
    }

    void script(const std::string& text)
    {
        const auto admin = database.open(io);
        test::run(io, admin->script(text, test::soon()));
    }

    // Records all rows of the lane as published, and where its partitions stand then.
    void publish_all(LaneId lane, Positions positions = {})
    {
        const Epoch epoch = take(number(lane), layout.version).value();
        LaneState state = test::run(io, lanes.load(lane, epoch)).value();
        const Window window = test::run(io, lanes.read(lane, state.published_up_to, 1000, 1 << 20));
        LaneCommit what;
        what.published = PublishedWindow{window.to, static_cast<std::int32_t>(window.rows.size()),
                                         std::move(positions)};
        ASSERT_TRUE(test::run(io, lanes.commit(lane, epoch, std::move(what))));
    }

    Layout read() { return test::run(io, read_layout(session, test::soon())); }

    // A session of an owner that knows the layout of this version.
    std::optional<Epoch> take(std::int16_t lane, int version)
    {
        PgLeaseStore store{io.get_executor(), database.config(), version};
        return test::run(io, store.acquire(LeaseTerms{LaneId{lane}, 60s, "other"}));
    }

    PgLaneStore lanes{io.get_executor(), database.config()};
};

kafka::TopicPartition at(std::int32_t partition)
{
    return {"t", partition};
}

TEST_F(LaneChangeTest, leaves_nothing_of_another_layout_in_a_database_that_is_new)
{
    EXPECT_EQ(change(1), LaneChange::changed);
    const Layout now = read();
    EXPECT_EQ(now.lanes, 1);
    EXPECT_EQ(now.lanes_ever, 1);
    EXPECT_EQ(now.version, layout.version + 1);
    layout = now;
    append_rows({row("key-00001", "{}")});
    EXPECT_EQ(number_of("SELECT max(id) FROM outbox"), 1);
    EXPECT_EQ(change(1), LaneChange::unchanged);
}

TEST_F(LaneChangeTest, begins_each_lane_where_its_partitions_stand)
{
    append_rows({row("key-00001", "{}")});
    publish_all(LaneId{0}, {{at(0), {10, 5, 0}}, {at(2), {20, 6, 0}}});
    append_rows({row("key-00002", "{}", LaneId{1})}, LaneId{1});
    publish_all(LaneId{1}, {{at(1), {30, 7, 0}}, {at(3), {40, 8, 0}}});
    const std::int64_t highest_epoch = number_of("SELECT max(epoch) FROM lanes");
    ASSERT_EQ(change(1), LaneChange::changed);

    layout = read();
    const std::optional<Epoch> epoch = take(0, layout.version);
    ASSERT_TRUE(epoch);
    EXPECT_GT(epoch->value, highest_epoch) << "so that epochs rise in every partition";
    const auto state = test::run(io, lanes.load(LaneId{0}, *epoch));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->positions.size(), 4u);
    EXPECT_EQ(state->positions.at(at(1)).offset, 30);
    EXPECT_EQ(state->positions.at(at(3)).sequence, 8);
    append_rows({row("key-00003", "{}")});
    EXPECT_GT(number_of("SELECT max(id) FROM outbox"), state->published_up_to.value);
    EXPECT_EQ(state->accepted_up_to, 2) << "what the log may hold";
    EXPECT_EQ(test::run(io, lanes.read(LaneId{0}, state->published_up_to, 10, 1000)).rows.size(),
              1u);
    for (const LaneConservation& lane : test::run(io, read_conservation(session, test::soon())))
        EXPECT_EQ(lane.difference(), 0);
}

TEST_F(LaneChangeTest, looks_for_pending_rows_once_however_many_are_published)
{
    std::vector<AppendRow> rows;
    for (int at = 0; at < 20; ++at) rows.push_back(row("key-" + std::to_string(10'000 + at), "{}"));
    append_rows(rows);
    publish_all(LaneId{0});
    // For each row of a large outbox it would hold all lanes' locks for seconds.
    EXPECT_NO_THROW(script(R"(
        BEGIN;
        SET LOCAL track_functions = 'all';
        DO $$
        BEGIN
            ASSERT NOT has_pending(0::smallint);
            ASSERT (SELECT calls FROM pg_stat_xact_user_functions
                     WHERE funcname = 'settled_up_to') = 1;
        END
        $$;
        COMMIT;)"));
}

TEST_F(LaneChangeTest, comes_back_to_a_lane_that_was_out_of_use)
{
    append_rows({row("key-00001", "{}", LaneId{1})}, LaneId{1});
    publish_all(LaneId{1}, {{at(1), {30, 7, 0}}, {at(3), {40, 8, 0}}});
    ASSERT_EQ(change(1), LaneChange::changed);
    layout = read();
    append_rows({row("key-00002", "{}")});
    publish_all(LaneId{0}, {{at(0), {0, 1, 0}}, {at(1), {31, 8, 0}}, {at(3), {40, 8, 0}}});
    ASSERT_EQ(change(2), LaneChange::changed);

    layout = read();
    EXPECT_EQ(layout.lanes_ever, 2);
    const Epoch epoch = take(1, layout.version).value();
    const auto state = test::run(io, lanes.load(LaneId{1}, epoch));
    EXPECT_EQ(state->positions.at(at(1)).offset, 31);
    EXPECT_FALSE(state->positions.contains(at(0)));
    const auto layouts = test::run(io, read_layouts(session, test::soon()));
    ASSERT_EQ(layouts.size(), 3u);
    EXPECT_EQ(layouts.at(1).lanes, 1);
    EXPECT_LT(layouts.at(1).from_id, layouts.at(2).from_id);
}

TEST_F(LaneChangeTest, shuts_out_whoever_knows_only_the_layout_before)
{
    append_rows({row("key-00001", "{}")});
    publish_all(LaneId{0});
    ASSERT_TRUE(take(1, layout.version));
    const Epoch before = Epoch{number_of("SELECT epoch FROM lanes WHERE lane = 1")};
    ASSERT_EQ(change(4), LaneChange::changed);
    EXPECT_FALSE(test::run(io, lanes.load(LaneId{1}, before)));
    EXPECT_FALSE(take(1, layout.version));
    EXPECT_THROW(append_rows({row("key-00002", "{}")}), LayoutChanged);
    layout = read();
    EXPECT_TRUE(take(3, layout.version));
    EXPECT_EQ(append_rows({row("key-00002", "{}", LaneId{3})}, LaneId{3}).size(), 1u);
}

TEST_F(LaneChangeTest, changes_nothing_while_events_wait_or_are_in_quarantine)
{
    append_rows({row("key-00001", "{}")});
    EXPECT_EQ(change(1), LaneChange::not_published);
    publish_all(LaneId{0});
    script("INSERT INTO quarantine (outbox_id, lane, record_id, code, detail) "
           "SELECT id, lane, record_id, 'too_large', '' FROM outbox");
    EXPECT_EQ(change(1), LaneChange::in_quarantine);
    EXPECT_EQ(change(3), LaneChange::does_not_divide);
    EXPECT_EQ(read().version, layout.version);
    EXPECT_EQ(number_of("SELECT count(*) FROM audit WHERE verb = 'lanes set'"), 0);
}

// Its row stays in the lane that it was appended to; its partition has another one by now.
TEST_F(LaneChangeTest, lets_the_lane_of_today_publish_again_what_one_before_did)
{
    append_rows({row("key-00001", "{}", LaneId{1})}, LaneId{1});
    publish_all(LaneId{1});
    ASSERT_EQ(change(1), LaneChange::changed);
    layout = read();
    testing::FakeStore store;
    const std::vector<std::int64_t> ids{1};
    const auto again = [&](int version) {
        return test::run(
            io, republish(session, store, version, LaneId{0}, ids, "me", "why", test::soon()));
    };
    EXPECT_THROW(again(layout.version - 1), pg::Refused) << "it may not be the lane of today";
    EXPECT_EQ(again(layout.version).size(), 1u);
    EXPECT_EQ(number_of("SELECT count(*) FROM outbox WHERE lane = 0"), 1);
    const auto balanced = [&] {
        for (const LaneConservation& lane : test::run(io, read_conservation(session, test::soon())))
            EXPECT_EQ(lane.difference(), 0) << "lane " << number(lane.lane);
    };
    balanced();
    publish_all(LaneId{0});
    balanced();
}

// What was quarantined while the change waited counts, too.
TEST_F(LaneChangeTest, looks_for_events_in_quarantine_once_nothing_is_pending)
{
    append_rows({row("key-00001", "{}")});
    std::future<LaneChange> changing = std::async(std::launch::async, [this] {
        boost::asio::io_context other;
        pg::Session elsewhere{other.get_executor(), database.config()};
        LaneChangeTerms terms{1, 10s, "me", "why"};
        return test::run(other, change_lanes(elsewhere, std::move(terms)));
    });
    script("INSERT INTO quarantine (outbox_id, lane, record_id, code, detail) "
           "SELECT id, lane, record_id, 'too_large', '' FROM outbox");
    EXPECT_EQ(changing.get(), LaneChange::in_quarantine);
}

// A sequence that was moved on before anything was appended is not one that was never used.
TEST_F(LaneChangeTest, knows_what_was_published_though_the_sequence_was_moved)
{
    append_rows({row("key-00001", "{}", LaneId{1})}, LaneId{1});
    publish_all(LaneId{1}, {{at(1), {30, 7, 0}}});
    script("SELECT setval('outbox_id', 1000000, false)");
    ASSERT_EQ(change(1), LaneChange::changed);
    const Epoch epoch = take(0, read().version).value();
    EXPECT_EQ(test::run(io, lanes.load(LaneId{0}, epoch))->positions.at(at(1)).offset, 30);
    EXPECT_EQ(read().lanes_ever, 2);
}

// Ids that a restored database does not remember must go on being unknown.
TEST_F(LaneChangeTest, plans_nothing_above_what_it_knows)
{
    append_rows({row("key-00001", "{}")});
    publish_all(LaneId{0});
    script("SELECT setval('outbox_id', 5000)");
    ASSERT_EQ(change(4), LaneChange::changed);
    for (const std::int16_t lane : std::vector<std::int16_t>{0, 1, 3}) {
        const Epoch epoch = take(lane, read().version).value();
        const LaneState state = test::run(io, lanes.load(LaneId{lane}, epoch)).value();
        EXPECT_EQ(std::max(state.published_up_to.value, state.accepted_up_to), 1);
    }
}

// What a lane published last stays known, also once retention dropped it.
TEST_F(LaneChangeTest, keeps_no_partition_for_a_lane_that_is_out_of_use)
{
    append_rows({row("key-00001", "{}", LaneId{1})}, LaneId{1});
    publish_all(LaneId{1}, {{at(1), {30, 7, 0}}});
    ASSERT_EQ(change(1), LaneChange::changed);
    layout = read();
    script("SELECT setval('outbox_id', 1000000)");
    append_rows({row("key-00002", "{}")});
    publish_all(LaneId{0}, {{at(1), {31, 8, 0}}});
    script("DROP TABLE staged_0000000000000000000");
    EXPECT_EQ(number_of("SELECT drop_done(1000000, '0 seconds')::int8"), 3);
    EXPECT_EQ(number_of("SELECT count(*) FROM published WHERE lane = 1"), 0);
    const auto balanced = [&] {
        for (const LaneConservation& lane :
             test::run(io, read_conservation(session, test::soon()))) {
            EXPECT_EQ(lane.difference(), 0);
            EXPECT_EQ(lane.published, 1);
            EXPECT_EQ(lane.pending, 0);
        }
    };
    balanced();
    ASSERT_EQ(change(2), LaneChange::changed);
    balanced();
    const Epoch epoch = take(1, read().version).value();
    EXPECT_EQ(test::run(io, lanes.load(LaneId{1}, epoch))->positions.at(at(1)).offset, 31);
}

TEST_F(LaneChangeTest, knows_of_a_log_that_was_accepted)
{
    append_rows({row("key-00001", "{}", LaneId{1})}, LaneId{1});
    publish_all(LaneId{1}, {{at(1), {30, 7, 0}}});
    script("INSERT INTO accepted_logs (lane, published_to, planned_to, log_to, topics, partitions, "
           "offsets, sequences) SELECT 1, max(to_id), max(to_id), 70, '{t}', '{1}', '{2}', '{3}' "
           "FROM published");
    ASSERT_EQ(change(1), LaneChange::changed);
    const Epoch epoch = take(0, read().version).value();
    const LaneState state = test::run(io, lanes.load(LaneId{0}, epoch)).value();
    EXPECT_EQ(state.positions.at(at(1)).offset, 2);
    EXPECT_EQ(state.accepted_up_to, 70);
    EXPECT_EQ(state.settled_up_to, 70);
    EXPECT_EQ(state.published_up_to, OutboxId{70}) << "so that nothing before is looked at again";
}

TEST(LanesFor, has_one_for_two_processors_and_divides_the_partitions)
{
    EXPECT_EQ(lanes_for(0, 8), 1);
    EXPECT_EQ(lanes_for(2, 8), 1);
    EXPECT_EQ(lanes_for(4, 8), 2);
    EXPECT_EQ(lanes_for(7, 8), 2);
    EXPECT_EQ(lanes_for(64, 8), 8);
    EXPECT_EQ(lanes_for(64, 6), 2);
}

}  // namespace
}  // namespace exchange::outbox
