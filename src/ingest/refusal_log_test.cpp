#include "ingest/refusal_log.hpp"

#include "support/fake_head.hpp"

#include <gmock/gmock.h>

namespace exchange::ingest {
namespace {

using record::ProblemCode;
using test::FakeHead;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

constexpr const char* trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct Logged {
    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::info};
    RefusalLog refusals{log};
};

auto lines_of(const std::string& text)
{
    return std::ranges::count(text, '\n');
}

TEST(RefusalLog, names_the_request_by_its_two_ids)
{
    Logged logged;
    const FakeHead head{{{"X-Correlation-Id", "order-4711"}, {"traceparent", trace}}};
    CaptureStderr();
    logged.refusals.note(ProblemCode::postgres_unavailable, ids_of(head));
    EXPECT_THAT(GetCapturedStderr(),
                HasSubstr("level=warn event=request_failed status=503 code=postgres_unavailable "
                          "correlation_id=order-4711 "
                          "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 left_out=0\n"));
}

TEST(RefusalLog, holds_nothing_of_a_client_that_does_not_have_the_form_of_an_id)
{
    const FakeHead bad[] = {
        FakeHead{{{"X-Correlation-Id", "Jane Doe, 1980"}, {"traceparent", "Jane"}}},
        FakeHead{{{"X-Correlation-Id", "order-4711"}, {"X-Correlation-Id", "order-4712"}}},
        FakeHead{{{"Idempotency-Key", "order-4711"}}},
    };
    for (const FakeHead& head : bad) {
        Logged logged;
        CaptureStderr();
        logged.refusals.note(ProblemCode::internal, ids_of(head), "the disk");
        EXPECT_THAT(GetCapturedStderr(),
                    HasSubstr("level=error event=request_failed status=500 code=internal "
                              "correlation_id=\"\" trace_id=\"\" left_out=0 cause=\"the disk\"\n"));
    }
}

TEST(RefusalLog, leaves_out_what_an_outage_brings_more_than_a_line_a_second_of_each_code)
{
    Logged logged;
    const TimePoint began = SteadyClock::now();
    CaptureStderr();
    for (int at = 0; at < 20'000; ++at) {
        logged.refusals.note(ProblemCode::postgres_unavailable, {});
        logged.refusals.note(ProblemCode::overloaded, {});
    }
    const auto lines = lines_of(GetCapturedStderr());
    const auto seconds = static_cast<std::int64_t>(seconds_since(began)) + 1;
    EXPECT_GE(lines, 2);
    EXPECT_LE(lines, 2 * seconds);
}

TEST(RefusalLog, is_silent_about_what_a_client_did_wrong)
{
    Logged logged;
    CaptureStderr();
    for (const record::ProblemKind& kind : record::problem_kinds)
        if (kind.status < 500) logged.refusals.note(kind.id, {});
    EXPECT_EQ(GetCapturedStderr(), "");
}

}  // namespace
}  // namespace exchange::ingest
