#include "outbox/parking.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

OutboxRow row(std::int64_t id, std::string_view topic, bool held = false)
{
    OutboxRow row;
    row.id = OutboxId{id};
    row.topic = topic;
    row.held = held;
    return row;
}

TEST(Parking, leaves_out_missing_topics_and_keeps_the_order_of_the_others)
{
    EXPECT_EQ(topics_there({"c", "a", "b"}, {"a"}), (std::vector<std::string>{"c", "b"}));
}

TEST(Parking, passes_over_only_rows_of_missing_topics_by_their_full_name)
{
    Window window;
    window.rows = {row(1, "v1"), row(2, "v2"), row(3, "v2", true)};
    park(window, "x.", {"v1", "x.v2"});
    EXPECT_FALSE(window.rows[0].held);
    EXPECT_TRUE(window.rows[1].held);
    EXPECT_EQ(window.rows[1].parked, Parked::topic_missing);
    const auto parked = parked_rows(window);
    ASSERT_EQ(parked.size(), 1U);
    EXPECT_EQ(parked[0].id, OutboxId{2});
    EXPECT_EQ(parked[0].code, "topic_missing");
}

// Its record waits for another event: coming back of the topic alone must not release it.
TEST(Parking, leaves_a_row_that_is_held_for_its_record_with_that_reason)
{
    Window window;
    window.rows = {row(3, "v2", true)};
    park(window, "", {"v2"});
    EXPECT_TRUE(window.rows[0].held);
    EXPECT_EQ(passed_over(window.rows[0]).code, "key_held");
    EXPECT_TRUE(parked_rows(window).empty());
}

TEST(Parking, passes_over_rows_of_denied_topics_but_for_those_that_the_log_holds)
{
    Window window;
    window.rows = {row(1, "v1"), row(2, "v2"), row(3, "v2"), row(4, "v2", true)};
    const DeniedTerms terms{"x.", 8};
    const Positions positions{{place_of(window.rows[1], "x.", 8), Position{7, 3, 2}}};
    park_denied(window, terms, {"x.v2"}, positions);
    EXPECT_FALSE(window.rows[0].held);
    EXPECT_FALSE(window.rows[1].held) << "it is the last event of its partition";
    EXPECT_TRUE(window.rows[2].held);
    const auto parked = parked_rows(window);
    ASSERT_EQ(parked.size(), 1U);
    EXPECT_EQ(parked[0].id, OutboxId{3});
    EXPECT_EQ(parked[0].code, "topic_denied");
}

TEST(Parking, passes_over_all_rows_of_a_denied_topic_that_nothing_was_published_to)
{
    Window window;
    window.rows = {row(1, "v1"), row(2, "v2")};
    park_denied(window, {"", 8}, {"v1", "v2"}, {});
    EXPECT_EQ(parked_rows(window).size(), 2U);
}

}  // namespace
}  // namespace exchange::outbox
