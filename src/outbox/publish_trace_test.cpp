#include "outbox/publish_trace.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

constexpr const char* sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char* not_sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

class PublishTraceTest : public testing::Test {
protected:
    // A batch of one event a header; "" is none.
    static Batch batch_of(const std::vector<std::string>& headers)
    {
        Batch batch;
        for (const std::string& header : headers) {
            Outgoing outgoing;
            outgoing.message.topic = "record.ingested.v1";
            outgoing.message.key = "the record's id";
            outgoing.message.headers.emplace_back("ce_id", "1");
            if (!header.empty()) outgoing.message.headers.emplace_back("traceparent", header);
            batch.outgoing.push_back(std::move(outgoing));
        }
        return batch;
    }

    static std::string header_of(const Outgoing& outgoing)
    {
        return outgoing.message.headers.size() < 2 ? "" : outgoing.message.headers.at(1).second;
    }

    std::vector<obs::Span> ended() { return tracer_.take(100); }

    obs::Metrics metrics_;
    obs::Tracer tracer_{obs::Sampler{}, std::make_unique<SystemRandom>(), metrics_};
};

TEST_F(PublishTraceTest, hangs_the_events_span_on_the_rows_and_the_header_on_the_events)
{
    Batch batch = batch_of({sampled});
    PublishTrace trace{&tracer_, LaneId{1}, batch};
    trace.leave();
    trace.end({kafka::Delivery{7, {}, ""}}, unix_us_now());
    const std::vector<obs::Span> spans = ended();
    ASSERT_EQ(spans.size(), 1u);
    const auto row = parse_traceparent(sampled);
    EXPECT_EQ(spans[0].context.trace, row->trace);
    EXPECT_EQ(spans[0].parent, row->span);
    EXPECT_EQ(spans[0].kind, obs::SpanKind::producer);
    EXPECT_EQ(spans[0].name, "publish record.ingested.v1");
    EXPECT_FALSE(spans[0].failed);
    EXPECT_EQ(header_of(batch.outgoing[0]), render_traceparent(spans[0].context));
}

TEST_F(PublishTraceTest, leaves_headers_alone_that_are_not_sampled_or_not_there)
{
    Batch batch = batch_of({not_sampled, ""});
    PublishTrace trace{&tracer_, LaneId{0}, batch};
    trace.leave();
    trace.end({kafka::Delivery{}, kafka::Delivery{}}, unix_us_now());
    EXPECT_TRUE(ended().empty());
    EXPECT_EQ(header_of(batch.outgoing[0]), not_sampled);
    EXPECT_EQ(header_of(batch.outgoing[1]), "");
}

TEST_F(PublishTraceTest, tells_which_events_were_refused)
{
    Batch batch = batch_of({"", sampled, sampled});
    PublishTrace trace{&tracer_, LaneId{0}, batch};
    trace.leave();
    kafka::Delivery refused;
    refused.fault = kafka::Fault::message_too_large;
    trace.end({kafka::Delivery{1, {}, ""}, kafka::Delivery{2, {}, ""}, refused}, unix_us_now());
    const std::vector<obs::Span> spans = ended();
    ASSERT_EQ(spans.size(), 2u);
    EXPECT_FALSE(spans[0].failed);
    EXPECT_TRUE(spans[1].failed);
}

TEST_F(PublishTraceTest, fails_what_was_not_ended)
{
    Batch batch = batch_of({sampled});
    {
        PublishTrace trace{&tracer_, LaneId{0}, batch};
        trace.leave();
    }
    const std::vector<obs::Span> spans = ended();
    ASSERT_EQ(spans.size(), 1u);
    EXPECT_TRUE(spans[0].failed);
}

TEST_F(PublishTraceTest, tells_nothing_of_what_never_left)
{
    Batch batch = batch_of({sampled});
    {
        const PublishTrace trace{&tracer_, LaneId{0}, batch};
    }
    EXPECT_TRUE(ended().empty());
}

TEST_F(PublishTraceTest, does_nothing_without_a_tracer)
{
    Batch batch = batch_of({sampled});
    {
        const PublishTrace trace{nullptr, LaneId{0}, batch};
    }
    EXPECT_EQ(header_of(batch.outgoing[0]), sampled);
}

}  // namespace
}  // namespace exchange::outbox
