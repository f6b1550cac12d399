#include "outbox/lane_fixture.hpp"

namespace exchange::outbox {
namespace {

using Counts = std::vector<std::int64_t>;

// Accepted, published, pending, quarantined, discarded, difference.
Counts counts(LaneDatabase& db)
{
    const LaneConservation lane = db.conservation();
    return {lane.accepted,    lane.published, lane.pending,
            lane.quarantined, lane.discarded, lane.difference()};
}

TEST(Conservation, holds_at_every_step_of_a_window)
{
    LaneDatabase db;
    EXPECT_EQ(counts(db), (Counts{0, 0, 0, 0, 0, 0}));
    const std::int64_t bad = db.append_event("one");
    db.append_event("two");
    EXPECT_EQ(counts(db), (Counts{2, 0, 2, 0, 0, 0}));
    const PlannedWindow planned = db.plan();
    EXPECT_EQ(counts(db), (Counts{2, 0, 2, 0, 0, 0}));
    LaneCommit poison;
    poison.quarantined.push_back(
        {OutboxId{bad}, planned.window.rows.at(0).record_id, "message_too_large", "too large"});
    db.commit(std::move(poison));
    EXPECT_EQ(counts(db), (Counts{2, 0, 1, 1, 0, 0}));
    db.record(planned);
    EXPECT_EQ(counts(db), (Counts{2, 1, 0, 1, 0, 0}));
}

TEST(Conservation, counts_a_released_event_as_the_row_that_took_its_place)
{
    LaneDatabase db;
    const std::int64_t bad = db.append_event("one");
    db.publish({bad});
    Quarantine quarantine{db.session, db.store};
    test::run(db.io, quarantine.release({OutboxId{bad}, false, "me", "why"}, test::soon()));
    EXPECT_EQ(counts(db), (Counts{1, 0, 1, 0, 0, 0}));
    const std::int64_t again = db.number_of("SELECT max(id) FROM outbox");
    db.publish({again});
    EXPECT_EQ(counts(db), (Counts{1, 0, 0, 1, 0, 0}));
    test::run(db.io, quarantine.discard({OutboxId{again}, false, "me", "why"}, test::soon()));
    EXPECT_EQ(counts(db), (Counts{1, 0, 0, 0, 1, 0}));
}

TEST(Conservation, counts_a_republished_event_once)
{
    LaneDatabase db;
    const std::int64_t id = db.append_event("one");
    db.publish();
    db.script("SELECT republish(1, 0::smallint, ARRAY[" + std::to_string(id) +
              "]::bigint[], ARRAY[NULL]::bytea[], 'me', 'why')");
    EXPECT_EQ(counts(db), (Counts{1, 0, 1, 0, 0, 0}));
    db.publish();
    EXPECT_EQ(counts(db), (Counts{1, 1, 0, 0, 0, 0}));
}

TEST(Conservation, tells_of_an_event_that_is_nowhere)
{
    LaneDatabase db;
    db.append_event("one");
    db.append_event("two");
    db.publish();
    db.script("DELETE FROM published");
    db.script("INSERT INTO published (lane, to_id, epoch, row_count, topics, partitions, offsets, "
              "sequences) SELECT 0, max(id), 1, 1, '{}', '{}', '{}', '{}' FROM outbox");
    EXPECT_EQ(db.conservation().difference(), 1);
}

TEST(Conservation, is_the_same_however_much_of_it_was_written_down)
{
    LaneDatabase db;
    for (int at = 0; at < 30; ++at) {
        const std::int64_t id = db.append_event("key-" + std::to_string(at));
        if (at % 7 == 3) db.publish({id});
        else if (at % 3 == 0) db.publish();
        if (at % 5 == 0) db.script("SELECT advance_tallies(4)");
        EXPECT_EQ(db.conservation().difference(), 0) << at;
        EXPECT_EQ(db.conservation().accepted, at + 1);
    }
    EXPECT_GT(db.number_of("SELECT count(*) FROM tallies WHERE kind = 'appended'"), 3);
    EXPECT_GT(db.number_of("SELECT count(*) FROM tallies WHERE kind = 'published'"), 3);
    const Counts written = counts(db);
    db.script("DELETE FROM tallies");
    EXPECT_EQ(counts(db), written);
}

TEST(Conservation, outlives_the_partitions_that_retention_drops)
{
    LaneDatabase db;
    db.script("DROP TABLE outbox_0000000000000000000, outbox_0000000000001000000,"
              " outbox_0000000000002000000, staged_0000000000000000000, staged_0000000000001000000,"
              " staged_0000000000002000000, windows_0000000000000000000,"
              " windows_0000000000001000000, windows_0000000000002000000,"
              " published_0000000000000000000, published_0000000000001000000,"
              " published_0000000000002000000; SELECT ensure_partitions(10, 20)");
    std::int64_t bad = 0;
    for (int at = 0; at < 35; ++at) {
        const std::int64_t id = db.append_event("key-" + std::to_string(at));
        if (at == 4) bad = id;
        if (at % 4 == 0) db.publish({bad});
    }
    db.publish();
    db.script("SELECT drop_staged(low, 10) FROM id_partitions('staged') WHERE low < 30;"
              "SELECT drop_done(10, interval '0')");
    EXPECT_EQ(db.number_of("SELECT min(id) FROM outbox"), 30);
    EXPECT_EQ(counts(db), (Counts{35, 34, 0, 1, 0, 0}));

    Quarantine quarantine{db.session, db.store};
    test::run(db.io, quarantine.release({OutboxId{bad}, false, "me", "why"}, test::soon()));
    EXPECT_EQ(counts(db), (Counts{35, 34, 1, 0, 0, 0}))
        << "a row in quarantine can be released though its partition and staged bytes are gone";
    db.publish();
    EXPECT_EQ(counts(db), (Counts{35, 35, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace exchange::outbox
