#include "otlp/exporter.hpp"

#include "base/started.hpp"
#include "obs/log.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::otlp {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using ::testing::HasSubstr;
using testing::ScriptedAnswer;
using testing::ScriptedRequest;
using testing::ScriptedServer;

class ExporterTest : public ::testing::Test {
protected:
    // Exports so many spans to a collector with this script, and stops.
    void export_to(const std::string& endpoint, int spans)
    {
        ExporterConfig config;
        config.endpoint = endpoint;
        config.batch_max = 2;
        config.every = 1ms;
        config.retry_first = 1ms;
        Exporter exporter{io_.get_executor(), config, tracer_, metrics_, health_};
        for (int at = 0; at < spans; ++at) {
            obs::Span span = *tracer_.begin("");
            span.name = "GET /";
            tracer_.end(std::move(span));
        }
        test::run(io_, run_and_stop(exporter));
    }

    asio::awaitable<bool> run_and_stop(Exporter& exporter)
    {
        Started<bool> running{io_.get_executor(), run(exporter)};
        const TimePoint deadline = SteadyClock::now() + 10s;
        while (counted() < 5 && SteadyClock::now() < deadline)
            co_await sleep_until(SteadyClock::now() + 1ms);
        exporter.stop();
        co_return co_await running.get();
    }

    static asio::awaitable<bool> run(Exporter& exporter)
    {
        co_await exporter.run();
        co_return true;
    }

    double value_of(const std::string& series) const
    {
        const std::string text = "\n" + metrics_.expose();
        const std::size_t at = text.find("\n" + series + " ");
        return at == text.npos ? 0 : std::stod(text.substr(at + series.size() + 2));
    }
    double exported() const { return value_of("exchange_traces_exported_spans_total"); }
    double failed() const
    {
        return value_of("exchange_traces_dropped_spans_total{reason=\"export_failed\"}");
    }
    double counted() const { return exported() + failed(); }

    asio::io_context io_{1};
    obs::Log log_{obs::LogFormat::logfmt, obs::LogLevel::none};
    obs::Metrics metrics_;
    obs::Health health_{log_};
    obs::Tracer tracer_{obs::Sampler{}, std::make_unique<SystemRandom>(), metrics_};
};

TEST_F(ExporterTest, sends_batches_to_v1_traces_below_the_endpoint)
{
    ScriptedServer server{[](const ScriptedRequest&) { return testing::answer(200); }};
    export_to(server.origin() + "/otlp/", 5);
    EXPECT_EQ(exported(), 5);
    ASSERT_EQ(server.requests().size(), 3u);
    const std::string head = server.requests().front().head;
    EXPECT_THAT(head, HasSubstr("POST /otlp/v1/traces HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Type: application/x-protobuf\r\n"));
    EXPECT_EQ(health_.all().at("traces"), obs::Status{});
}

TEST_F(ExporterTest, tries_again_what_may_pass)
{
    ScriptedServer server{[](const ScriptedRequest& request) {
        return testing::answer(request.number == 0 ? 503 : 200);
    }};
    export_to(server.origin(), 5);
    EXPECT_EQ(exported(), 5);
    EXPECT_EQ(failed(), 0);
}

TEST_F(ExporterTest, drops_and_counts_what_is_refused_and_says_so)
{
    ScriptedServer server{[](const ScriptedRequest&) { return testing::answer(400); }};
    export_to(server.origin(), 5);
    EXPECT_EQ(failed(), 5);
    EXPECT_EQ(server.requests().size(), 3u);
    EXPECT_EQ(health_.all().at("traces").condition, obs::Condition::degraded);
    EXPECT_THAT(health_.all().at("traces").cause, HasSubstr("400"));
}

TEST_F(ExporterTest, gives_a_batch_up_after_some_attempts)
{
    ScriptedServer server{[](const ScriptedRequest&) {
        ScriptedAnswer none;
        none.close = true;
        return none;
    }};
    export_to(server.origin(), 5);
    EXPECT_EQ(failed(), 5);
    EXPECT_GE(server.requests().size(), 12u);
}

TEST(Endpoint, is_an_origin_and_a_path)
{
    EXPECT_EQ(parse_endpoint("http://127.0.0.1:4318").target, "/v1/traces");
    EXPECT_EQ(parse_endpoint("https://collector/").target, "/v1/traces");
    EXPECT_EQ(parse_endpoint("https://collector/a/b").target, "/a/b/v1/traces");
    EXPECT_EQ(parse_endpoint("https://collector/a/b").origin, "https://collector");
    for (const char* wrong : {"", "collector:4317", "grpc://collector", "http://", "http://a/?b=c"})
        EXPECT_THROW(parse_endpoint(wrong), std::invalid_argument) << wrong;
}

}  // namespace
}  // namespace exchange::otlp
