#include "app/server_errors.hpp"

#include "support/fake_head.hpp"

#include <gmock/gmock.h>

namespace exchange::app {
namespace {

using test::FakeHead;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

struct Renderer {
    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::info};
    obs::Metrics registry;
    ingest::IngestMetrics metrics{registry};
    ingest::RefusalLog refusals{log};
    net::ErrorRenderer render = make_error_renderer(refusals, metrics);

    // Of the outcome; of all when it is empty.
    int count(const std::string& outcome = {}) const
    {
        const std::string series = "\nexchange_ingest_requests_total{outcome=\"" + outcome;
        const std::string text = registry.expose();
        int sum = 0;
        for (std::size_t at = text.find(series); at != std::string::npos;
             at = text.find(series, at + 1))
            sum += std::stoi(text.substr(text.find("} ", at) + 2));
        return sum;
    }
};

TEST(ServerErrors, tells_the_log_the_cause_of_a_500_with_the_request_it_befell)
{
    Renderer errors;
    const FakeHead head{{{"X-Correlation-Id", "order-4711"}}};
    net::Response response;
    CaptureStderr();
    try {
        throw std::runtime_error{"the secret cause"};
    } catch (...) {
        response = errors.render(500, "internal", "It failed.", &head);
    }
    EXPECT_THAT(GetCapturedStderr(),
                HasSubstr("event=request_failed status=500 code=internal correlation_id=order-4711 "
                          "trace_id=\"\" left_out=0 cause=\"the secret cause\"\n"));
    EXPECT_THAT(response.body, HasSubstr("\"code\":\"internal\""));
    EXPECT_THAT(response.body, Not(HasSubstr("secret")));
}

TEST(ServerErrors, tells_the_log_of_a_connection_that_there_is_no_room_for)
{
    Renderer errors;
    CaptureStderr();
    errors.render(503, "too_many_connections", "Repeat.", nullptr);
    EXPECT_THAT(GetCapturedStderr(), HasSubstr("status=503 code=overloaded correlation_id=\"\""));
}

TEST(ServerErrors, repeat_a_correlation_id_in_header_and_body_where_it_is_one)
{
    Renderer errors;
    const FakeHead good{{{"X-Correlation-Id", "order-4711"}}};
    const FakeHead bad[] = {
        FakeHead{},
        FakeHead{{{"X-Correlation-Id", "two words"}}},
        FakeHead{{{"X-Correlation-Id", "order-4711"}, {"X-Correlation-Id", "order-4712"}}},
    };
    for (const unsigned status : {404u, 405u, 408u, 413u, 415u, 417u, 503u}) {
        const net::Response response = errors.render(status, {}, {}, &good);
        EXPECT_THAT(response.headers, ElementsAre(Pair("X-Correlation-Id", "order-4711")));
        EXPECT_THAT(response.body, HasSubstr("\"correlation_id\":\"order-4711\""));
        for (const FakeHead& head : bad) {
            const net::Response without = errors.render(status, {}, {}, &head);
            EXPECT_THAT(without.headers, IsEmpty());
            EXPECT_THAT(without.body, Not(HasSubstr("correlation_id")));
        }
    }
}

TEST(ServerErrors, count_as_outcomes_of_ingest_on_its_paths)
{
    const struct {
        unsigned status;
        const char* outcome;
    } cases[] = {
        {400, "malformed"}, {404, "unsupported"}, {405, "unsupported"}, {408, "timed_out"},
        {413, "too_large"}, {415, "unsupported"}, {417, "unsupported"}, {431, "too_large"},
        {500, "internal"},  {503, "overloaded"},
    };
    for (const auto& [status, outcome] : cases) {
        Renderer errors;
        FakeHead head;
        for (const char* path : {"/v1/ingest", "/v2/ingest"}) {
            head.path_of_it = path;
            errors.render(status, {}, {}, &head);
        }
        EXPECT_EQ(errors.count(outcome), 2) << status;
        EXPECT_EQ(errors.count(), 2) << status;
    }
}

TEST(ServerErrors, count_where_no_path_was_read_and_not_on_paths_of_others)
{
    Renderer errors;
    errors.render(503, "too_many_connections", {}, nullptr);
    EXPECT_EQ(errors.count("overloaded"), 1);
    FakeHead head;
    head.path_of_it = "/metrics";
    errors.render(405, {}, {}, &head);
    EXPECT_EQ(errors.count(), 1);
}

}  // namespace
}  // namespace exchange::app
