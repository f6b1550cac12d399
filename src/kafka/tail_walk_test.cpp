#include "kafka/tail_walk.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace exchange::kafka {
namespace {

std::vector<std::int64_t> walk(std::int64_t begin, std::int64_t end)
{
    TailWalk tail{begin, end};
    std::vector<std::int64_t> starts;
    while (const auto from = tail.go_back()) starts.push_back(*from);
    return starts;
}

TEST(TailWalk, goes_back_in_growing_steps_and_stops_at_the_beginning)
{
    EXPECT_EQ(walk(100, 1100), (std::vector<std::int64_t>{1092, 1036, 588, 100}));
}

TEST(TailWalk, reads_nothing_of_an_empty_partition)
{
    EXPECT_TRUE(walk(0, 0).empty());
    EXPECT_TRUE(walk(7000, 7000).empty());
}

TEST(TailWalk, never_starts_before_the_beginning)
{
    EXPECT_EQ(walk(0, 3), (std::vector<std::int64_t>{0}));
    EXPECT_EQ(walk(5, 13), (std::vector<std::int64_t>{5}));
    EXPECT_EQ(walk(5, 14), (std::vector<std::int64_t>{6, 5}));
}

TEST(TailWalk, reaches_the_beginning_of_a_huge_partition_in_few_steps)
{
    EXPECT_LE(walk(0, std::int64_t{1} << 40).size(), 14U);
}

}  // namespace
}  // namespace exchange::kafka
