#include "outbox/lane_share.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

TEST(LaneShare, is_all_lanes_for_one_who_is_alone)
{
    EXPECT_EQ(lane_share(4, {"a"}, "a"), 4U);
    EXPECT_EQ(lane_share(4, {}, "a"), 4U);
}

TEST(LaneShare, gives_elders_what_is_left_over)
{
    const std::vector<std::string> alive{"elder", "middle", "newcomer"};
    EXPECT_EQ(lane_share(4, alive, "elder"), 2U);
    EXPECT_EQ(lane_share(4, alive, "middle"), 1U);
    EXPECT_EQ(lane_share(4, alive, "newcomer"), 1U);
    EXPECT_EQ(lane_share(2, alive, "newcomer"), 0U);
}

TEST(LaneShare, adds_up_to_all_lanes_and_differs_by_one_at_most)
{
    for (std::size_t lanes = 1; lanes <= 64; ++lanes) {
        std::vector<std::string> alive;
        for (int processes = 1; processes <= 9; ++processes) {
            alive.push_back("relay-" + std::to_string(processes));
            std::size_t sum = 0;
            std::size_t least = lanes;
            std::size_t most = 0;
            for (const std::string& me : alive) {
                const std::size_t share = lane_share(lanes, alive, me);
                sum += share;
                least = std::min(least, share);
                most = std::max(most, share);
            }
            EXPECT_EQ(sum, lanes);
            EXPECT_LE(most - least, 1U);
        }
    }
}

}  // namespace
}  // namespace exchange::outbox
