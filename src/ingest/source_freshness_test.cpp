#include "ingest/source_freshness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::ingest {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* name = "exchange_source_last_accepted_timestamp_seconds";

std::string sample(const std::string& source, const std::string& value)
{
    return std::string{name} + "{source=\"" + source + "\"} " + value + "\n";
}

TEST(SourceFreshness, is_the_time_of_each_sources_last_record)
{
    obs::Metrics metrics;
    SourceFreshness sources{metrics};
    EXPECT_THAT(metrics.expose(), Not(HasSubstr(name)));
    sources.accepted("clinic-a", 1500);
    sources.accepted("clinic-b", 2000);
    sources.accepted("clinic-a", 3250);
    EXPECT_THAT(metrics.expose(), HasSubstr(sample("clinic-a", "3.25")));
    EXPECT_THAT(metrics.expose(), HasSubstr(sample("clinic-b", "2")));
}

TEST(SourceFreshness, gives_sources_beyond_its_number_one_series_together)
{
    obs::Metrics metrics;
    SourceFreshness sources{metrics, 2};
    for (int at = 1; at <= 9; ++at) sources.accepted("source-" + std::to_string(at), at * 1000);
    sources.accepted("source-1", 20'000);
    const std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr(sample("source-1", "20")));
    EXPECT_THAT(text, HasSubstr(sample("source-2", "2")));
    EXPECT_THAT(text, HasSubstr(sample("(others)", "9")));
    EXPECT_THAT(text, Not(HasSubstr("source-3")));
}

}  // namespace
}  // namespace exchange::ingest
