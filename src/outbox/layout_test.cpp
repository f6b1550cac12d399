#include "outbox/layout.hpp"

#include <gtest/gtest.h>

#include <map>

namespace exchange::outbox {
namespace {

constexpr Layout layout{1, 2, 8};
constexpr std::int64_t begin_ms = 1'770'000'000'000;

class OfLane : public ::testing::TestWithParam<std::int16_t> {
protected:
    LaneId lane{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Layout, OfLane, ::testing::Values(0, 1));

TEST_P(OfLane, an_id_is_drawn_into_the_partition_of_its_moment)
{
    SystemRandom random;
    for (std::int64_t at_ms = begin_ms; at_ms < begin_ms + 2000; at_ms += 10) {
        const RecordId id = draw_record_id(layout, lane, at_ms, random);
        EXPECT_EQ(partition_of(layout, id), partition_at(layout, lane, at_ms));
        EXPECT_EQ(partition_of(layout, id) % layout.lanes, number(lane));
    }
}

TEST_P(OfLane, each_partition_comes_as_often)
{
    std::map<std::int32_t, int> met;
    const int moments = 4000;
    for (int at = 0; at < moments; ++at) ++met[partition_at(layout, lane, begin_ms + 100LL * at)];
    ASSERT_EQ(met.size(), 4u);
    for (const auto& [partition, times] : met) EXPECT_NEAR(times, moments / 4, 100) << partition;
}

// What a window takes up, some ten milliseconds of records, stays in one partition.
TEST_P(OfLane, the_partition_changes_seldom)
{
    int changes = 0;
    for (std::int64_t at_ms = begin_ms + 1; at_ms < begin_ms + 10'000; ++at_ms)
        changes += partition_at(layout, lane, at_ms) != partition_at(layout, lane, at_ms - 1);
    EXPECT_LE(changes, 100);
    EXPECT_GE(changes, 50);
}

// A sender that posts at each full second must not fill one partition.
TEST_P(OfLane, a_beat_of_seconds_meets_every_partition)
{
    std::map<std::int32_t, int> met;
    for (int second = 0; second < 400; ++second)
        ++met[partition_at(layout, lane, begin_ms + 1000LL * second)];
    ASSERT_EQ(met.size(), 4u);
    for (const auto& [partition, times] : met) EXPECT_NEAR(times, 100, 40) << partition;
}

}  // namespace
}  // namespace exchange::outbox
