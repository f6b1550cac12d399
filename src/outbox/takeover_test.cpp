#include "outbox/takeover.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

const kafka::TopicPartition partition{"record.ingested.v1", 1};

// The event of a row, told apart by its id alone.
Uuid event_of(std::int64_t id)
{
    Uuid event;
    event.bytes[15] = static_cast<std::uint8_t>(id);
    return event;
}

kafka::Tail tail(std::int64_t offset, std::int64_t id, std::int64_t sequence)
{
    kafka::Tail tail;
    tail.end = offset + 1;
    tail.last = kafka::Tail::Last{offset,
                                  {{"x-id", std::to_string(id)},
                                   {"x-pseq", std::to_string(sequence)},
                                   {"ce_id", to_string(event_of(id))}}};
    return tail;
}

LaneHistory published(std::int64_t offset, std::int64_t sequence, std::int64_t planned_up_to)
{
    LaneHistory history;
    history.published[partition] = Position{offset, sequence, 0};
    history.planned_up_to = planned_up_to;
    for (std::int64_t id = 61; id <= planned_up_to; ++id) history.unfinished[id] = event_of(id);
    return history;
}

std::string halt_cause(const kafka::Tail& tail, const LaneHistory& history)
{
    const auto verdict = judge_tails({{partition, tail}}, history);
    const auto* halt = std::get_if<Halt>(&verdict);
    if (!halt) return "";
    EXPECT_FALSE(halt->remedy.empty());
    return halt->cause;
}

TEST(Takeover, starts_at_one_in_an_empty_log_of_a_new_lane)
{
    const auto verdict = judge_tails({{partition, kafka::Tail{}}}, LaneHistory{});
    const Position position = std::get<Positions>(verdict).at(partition);
    EXPECT_EQ(position.sequence, 0);
    EXPECT_EQ(position.last_id, 0);
}

TEST(Takeover, believes_the_log_beyond_what_was_recorded)
{
    const auto verdict = judge_tails({{partition, tail(12, 70, 13)}}, published(10, 11, 80));
    const Position position = std::get<Positions>(verdict).at(partition);
    EXPECT_EQ(position.offset, 12);
    EXPECT_EQ(position.sequence, 13);
    EXPECT_EQ(position.last_id, 70);
}

TEST(Takeover, believes_no_more_than_was_published_when_the_lanes_changed)
{
    LaneHistory history = published(10, 11, 80);
    history.settled_up_to = 60;
    EXPECT_NE(halt_cause(tail(12, 50, 13), history).find("number of lanes"), std::string::npos);
    EXPECT_EQ(halt_cause(tail(10, 50, 11), history), "");
    EXPECT_EQ(halt_cause(tail(12, 70, 13), history), "");
}

TEST(Takeover, goes_on_from_the_record_when_the_broker_kept_nothing)
{
    kafka::Tail emptied;
    emptied.begin = emptied.end = 500;
    const auto verdict = judge_tails({{partition, emptied}}, published(499, 480, 900));
    EXPECT_EQ(std::get<Positions>(verdict).at(partition).sequence, 480);
}

TEST(Takeover, halts_when_what_was_published_is_not_to_be_seen_and_not_past_retention)
{
    kafka::Tail aborted;
    aborted.begin = 0;
    aborted.end = 20;
    EXPECT_NE(halt_cause(aborted, published(10, 11, 80)).find("no committed record"),
              std::string::npos);
}

TEST(Takeover, halts_when_the_log_is_shorter_than_what_was_published)
{
    EXPECT_NE(halt_cause(tail(9, 60, 10), published(10, 11, 80)).find("made anew"),
              std::string::npos);
    EXPECT_NE(halt_cause(kafka::Tail{}, published(0, 1, 80)).find("made anew"), std::string::npos);
}

TEST(Takeover, halts_on_an_id_that_was_never_planned)
{
    EXPECT_NE(halt_cause(tail(12, 81, 13), published(10, 11, 80)).find("never planned"),
              std::string::npos);
}

// H9: a copy of this database that was started by mistake gave the ids of rows to its own events.
TEST(Takeover, halts_on_another_event_under_the_id_of_a_planned_row)
{
    LaneHistory history = published(10, 11, 80);
    history.unfinished[70] = event_of(170);
    EXPECT_NE(halt_cause(tail(12, 70, 13), history).find("does not know"), std::string::npos);
    history.unfinished.erase(70);
    EXPECT_NE(halt_cause(tail(12, 70, 13), history).find("does not know"), std::string::npos)
        << "nor under an id that no row of a planned window has";
    EXPECT_EQ(halt_cause(tail(10, 50, 11), history), "") << "what was recorded is known by place";
}

TEST(Takeover, halts_on_a_sequence_behind_what_was_published)
{
    EXPECT_FALSE(halt_cause(tail(12, 70, 10), published(10, 11, 80)).empty());
}

TEST(Takeover, goes_on_from_the_record_when_the_last_one_may_be_a_late_copy)
{
    LaneHistory history = published(10, 11, 80);
    history.copies_possible = true;
    const auto verdict = judge_tails({{partition, tail(12, 70, 10)}}, history);
    const Position position = std::get<Positions>(verdict).at(partition);
    EXPECT_EQ(position.sequence, 11);
    EXPECT_EQ(position.last_id, 70);
}

TEST(Takeover, halts_on_a_record_that_is_not_ours)
{
    kafka::Tail foreign;
    foreign.end = 13;
    foreign.last = kafka::Tail::Last{12, {{"x-id", "seventy"}}};
    EXPECT_NE(halt_cause(foreign, published(10, 11, 80)).find("not written by this exchange"),
              std::string::npos);
}

TEST(Takeover, gives_each_partition_to_one_lane)
{
    std::size_t all = 0;
    for (std::int16_t lane = 0; lane < 4; ++lane) {
        const auto mine = partitions_of_lane(LaneId{lane}, 4, 8, {"v1", "v2"});
        ASSERT_EQ(mine.size(), 4u);
        for (const auto& each : mine) EXPECT_EQ(each.partition % 4, lane);
        all += mine.size();
    }
    EXPECT_EQ(all, 16u);
}

}  // namespace
}  // namespace exchange::outbox
