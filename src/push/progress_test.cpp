#include "push/progress.hpp"

#include <gtest/gtest.h>

namespace exchange::push {
namespace {

using namespace std::chrono_literals;

ProgressView halfway()
{
    ProgressView view;
    view.lines = 1'234'567;
    view.lines_per_second = 18'203.7;
    view.part = 0.5;
    view.seconds_left = 65;
    return view;
}

TEST(Progress, groups_digits_and_reads_like_a_clock)
{
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(12'345'678), "12,345,678");
    EXPECT_EQ(clock_text(0.2), "0 s");
    EXPECT_EQ(clock_text(59.6), "1:00");
    EXPECT_EQ(clock_text(187), "3:07");
    EXPECT_EQ(clock_text(7509), "2:05:09");
}

TEST(Progress, draws_a_bar_with_rate_and_time_left)
{
    EXPECT_EQ(render_bar(halfway(), 200),
              "[############............]  50 %  1,234,567 lines  18,203/s  ETA 1:05");
}

TEST(Progress, shows_what_was_rejected_and_what_it_waits_for)
{
    ProgressView view = halfway();
    view.rejected = 12;
    view.waiting_for = "503 overloaded";
    EXPECT_EQ(render_progress_line(view), "50 %  1,234,567 lines  18,203/s  ETA 1:05  "
                                          "rejected 12  waiting: 503 overloaded");
}

TEST(Progress, has_no_bar_when_the_size_is_not_known)
{
    ProgressView view = halfway();
    view.part.reset();
    view.seconds_left.reset();
    EXPECT_EQ(render_bar(view, 200), "1,234,567 lines  18,203/s");
    EXPECT_EQ(render_progress_line(view), "1,234,567 lines  18,203/s");
}

TEST(Progress, never_wraps)
{
    EXPECT_EQ(render_bar(halfway(), 30).size(), 30u);
}

TEST(Progress, takes_rate_and_time_left_from_the_last_seconds)
{
    Speedometer speed;
    const TimePoint start{};
    EXPECT_EQ(speed.lines_per_second(), 0);
    speed.sample(start, 0, 0);
    EXPECT_EQ(speed.lines_per_second(), 0);
    for (int second = 1; second <= 20; ++second)
        speed.sample(start + second * 1s,
                     second < 10 ? 0u : static_cast<unsigned>(second - 9) * 10u,
                     second < 10 ? 0u : static_cast<unsigned>(second - 9) * 100u);
    EXPECT_EQ(speed.lines_per_second(), 10);
    PushReport report;
    report.accepted = 110;
    report.bytes = 1100;
    const ProgressView view = view_of(report, speed, 2100, "");
    EXPECT_EQ(view.lines, 110u);
    EXPECT_DOUBLE_EQ(*view.seconds_left, 10);
    EXPECT_NEAR(*view.part, 0.52, 0.01);
    EXPECT_FALSE(view_of(report, speed, std::nullopt, "").part);
    EXPECT_FALSE(view_of(report, speed, 0, "").part);
    EXPECT_EQ(view_of(report, speed, 500, "").part, 1);
}

}  // namespace
}  // namespace exchange::push
