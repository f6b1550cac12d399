#include "obs/tracer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::obs {
namespace {

constexpr const char* sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char* not_sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

struct Traced {
    explicit Traced(Sampler sampler, std::size_t spans_max = Tracer::queue_max)
        : tracer{sampler, std::make_unique<SystemRandom>(), metrics, spans_max}
    {
    }
    Metrics metrics;
    Tracer tracer;
};

TEST(Tracer, goes_on_with_the_callers_trace)
{
    Traced traced{Sampler{}};
    const auto span = traced.tracer.begin(sampled);
    ASSERT_TRUE(span);
    const auto caller = parse_traceparent(sampled);
    EXPECT_EQ(span->context.trace, caller->trace);
    EXPECT_EQ(span->parent, caller->span);
    EXPECT_NE(span->context.span, caller->span);
    EXPECT_TRUE(span->context.sampled);
}

TEST(Tracer, begins_a_trace_where_the_caller_has_none)
{
    Traced traced{Sampler{}};
    for (const char* none : {"", "malformed"}) {
        const auto span = traced.tracer.begin(none);
        ASSERT_TRUE(span);
        EXPECT_NE(span->context.trace, TraceId{});
        EXPECT_EQ(span->parent, SpanId{});
        EXPECT_FALSE(traced.tracer.go_on(none));
    }
}

TEST(Tracer, gives_a_child_the_trace_and_the_parents_span)
{
    Traced traced{Sampler{}};
    const auto span = traced.tracer.begin("");
    const Span child = traced.tracer.begin_child(*span);
    EXPECT_EQ(child.context.trace, span->context.trace);
    EXPECT_EQ(child.parent, span->context.span);
    EXPECT_NE(child.context.span, span->context.span);
}

TEST(Tracer, follows_the_callers_decision_when_parent_based)
{
    Traced none{Sampler{true, 0}};
    EXPECT_TRUE(none.tracer.begin(sampled));
    EXPECT_FALSE(none.tracer.begin(not_sampled));
    EXPECT_FALSE(none.tracer.begin(""));
    Traced all{Sampler{true, 1}};
    EXPECT_FALSE(all.tracer.begin(not_sampled));
    EXPECT_TRUE(all.tracer.begin(""));
}

TEST(Tracer, decides_by_itself_when_not_parent_based)
{
    Traced none{Sampler{false, 0}};
    EXPECT_FALSE(none.tracer.begin(sampled));
    Traced all{Sampler{false, 1}};
    EXPECT_TRUE(all.tracer.begin(not_sampled));
}

TEST(Tracer, chooses_a_share_by_the_last_eight_bytes_of_the_trace_id)
{
    const Sampler quarter{false, 0.25};
    TraceId trace{};
    trace.fill(0xff);
    trace[8] = 0x3f;
    EXPECT_TRUE(quarter.samples({}, trace));
    trace[8] = 0x40;
    EXPECT_FALSE(quarter.samples({}, trace));
}

TEST(Tracer, takes_about_the_share_of_new_traces)
{
    Traced traced{Sampler{true, 0.25}};
    int taken = 0;
    for (int at = 0; at < 4000; ++at) taken += traced.tracer.begin("") ? 1 : 0;
    // Six standard deviations.
    EXPECT_NEAR(taken, 1000, 165);
}

TEST(Tracer, drops_and_counts_what_finds_no_room)
{
    Traced traced{Sampler{}, 3};
    for (int at = 0; at < 5; ++at) {
        Span span;
        span.name = std::to_string(at);
        traced.tracer.end(std::move(span));
    }
    EXPECT_THAT(
        traced.metrics.expose(),
        testing::HasSubstr("exchange_traces_dropped_spans_total{reason=\"queue_full\"} 2\n"));
    EXPECT_EQ(traced.tracer.take(2).size(), 2u);
    const std::vector<Span> rest = traced.tracer.take(10);
    ASSERT_EQ(rest.size(), 1u);
    EXPECT_EQ(rest.front().name, "2");
}

}  // namespace
}  // namespace exchange::obs
