#include "app/server_errors.hpp"

#include "support/fake_head.hpp"

#include <gmock/gmock.h>

namespace exchange::app {
namespace {

using test::FakeHead;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

struct Renderer {
    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::info};
    ingest::RefusalLog refusals{log};
    net::ErrorRenderer render = make_error_renderer(refusals);
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

}  // namespace
}  // namespace exchange::app
