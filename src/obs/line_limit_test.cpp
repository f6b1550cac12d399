#include "obs/line_limit.hpp"

#include <gtest/gtest.h>

namespace exchange::obs {
namespace {

using namespace std::chrono_literals;

TEST(LineLimit, writes_the_first_lines_of_each_second_and_tells_how_many_were_left_out)
{
    LineLimit limit;
    const TimePoint start{};
    EXPECT_EQ(limit.admit(start, 2), 0u);
    EXPECT_EQ(limit.admit(start + 1ms, 2), 0u);
    for (int line = 0; line < 20'000; ++line)
        EXPECT_EQ(limit.admit(start + 999ms, 2), std::nullopt);
    EXPECT_EQ(limit.admit(start + 1s, 2), 20'000u);
    EXPECT_EQ(limit.admit(start + 1s, 2), 0u);
    EXPECT_EQ(limit.admit(start + 1s, 2), std::nullopt);
    EXPECT_EQ(limit.admit(start + 1h, 2), 1u);
}

}  // namespace
}  // namespace exchange::obs
