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
    EXPECT_TRUE(window.rows[1].held && window.rows[1].parked);
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

}  // namespace
}  // namespace exchange::outbox
