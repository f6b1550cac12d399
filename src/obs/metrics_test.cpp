#include "obs/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace exchange::obs {
namespace {

using testing::HasSubstr;

TEST(Metrics, gives_the_same_series_for_the_same_name_and_labels)
{
    Metrics metrics;
    metrics.counter("requests_total", "Requests.", {{"code", "202"}}).add();
    metrics.counter("requests_total", "Said otherwise.", {{"code", "202"}}).add(2);
    metrics.counter("requests_total", "Requests.", {{"code", "400"}}).add();
    const std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr("# HELP requests_total Requests.\n"
                                "# TYPE requests_total counter\n"));
    EXPECT_THAT(text, HasSubstr("requests_total{code=\"202\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("requests_total{code=\"400\"} 1\n"));
}

TEST(Metrics, sets_and_adds_to_gauges)
{
    Metrics metrics;
    Gauge gauge = metrics.gauge("backlog", "Waiting.");
    gauge.set(5);
    gauge.add(-2);
    EXPECT_THAT(metrics.expose(), HasSubstr("backlog 3\n"));
}

TEST(Metrics, sorts_observations_into_buckets)
{
    Metrics metrics;
    Histogram histogram = metrics.histogram("commit_seconds", "Commit.", {0.1, 1});
    histogram.observe(0.05);
    histogram.observe(0.5);
    histogram.observe(5);
    metrics.histogram("commit_seconds", "Commit.", {0.1, 1}).observe(0.5);
    const std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr("commit_seconds_bucket{le=\"0.1\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("commit_seconds_bucket{le=\"1\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("commit_seconds_bucket{le=\"+Inf\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("commit_seconds_count 4\n"));
}

TEST(Metrics, refuses_one_name_for_two_kinds)
{
    Metrics metrics;
    metrics.counter("lanes", "Lanes.");
    EXPECT_ANY_THROW(metrics.gauge("lanes", "Lanes."));
}

TEST(Metrics, counts_from_many_threads_while_exposed)
{
    Metrics metrics;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                Counter counter = metrics.counter("hits_total", "Hits.");
                for (int n = 0; n < 1000; ++n) counter.add();
            });
        EXPECT_NO_THROW(metrics.expose());
    }
    EXPECT_THAT(metrics.expose(), HasSubstr("hits_total 4000\n"));
}

}  // namespace
}  // namespace exchange::obs
