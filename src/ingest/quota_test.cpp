#include "ingest/quota.hpp"

#include <gtest/gtest.h>

namespace exchange::ingest {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

TEST(Quota, lets_everything_pass_when_there_is_none)
{
    Quota quota{QuotaConfig{}};
    for (int at = 0; at < 100000; ++at) ASSERT_FALSE(quota.take("clinic", start));
}

TEST(Quota, allows_one_seconds_worth_at_once_and_says_how_long_to_wait_beyond)
{
    Quota quota{QuotaConfig{.records_per_s = 4}};
    for (int at = 0; at < 4; ++at) EXPECT_FALSE(quota.take("clinic", start));
    const auto wait = quota.take("clinic", start);
    ASSERT_TRUE(wait);
    EXPECT_NEAR(std::chrono::duration<double>(*wait).count(), 0.25, 0.001);
    EXPECT_TRUE(quota.take("clinic", start + *wait - 10ms));
    EXPECT_FALSE(quota.take("clinic", start + *wait));
}

TEST(Quota, counts_each_source_for_itself)
{
    Quota quota{QuotaConfig{.records_per_s = 1}};
    EXPECT_FALSE(quota.take("clinic", start));
    EXPECT_FALSE(quota.take("lab", start));
    EXPECT_TRUE(quota.take("clinic", start));
}

TEST(Quota, saves_no_more_than_a_seconds_worth)
{
    Quota quota{QuotaConfig{.records_per_s = 2}};
    EXPECT_FALSE(quota.take("clinic", start));
    int taken = 0;
    while (!quota.take("clinic", start + 1h)) ++taken;
    EXPECT_EQ(taken, 2);
}

TEST(Quota, forgets_only_sources_whose_bucket_is_full_again)
{
    Quota quota{QuotaConfig{.records_per_s = 1, .sources_max = 2}};
    quota.take("a", start);
    quota.take("b", start + 900ms);
    quota.take("c", start + 1s);
    EXPECT_TRUE(quota.take("b", start + 1s)) << "b was forgotten before its second was over";
}

}  // namespace
}  // namespace exchange::ingest
