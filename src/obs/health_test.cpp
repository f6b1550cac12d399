#include "obs/health.hpp"

#include "obs/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::obs {
namespace {

using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class HealthTest : public testing::Test {
protected:
    std::string written_by(const Status& status)
    {
        CaptureStderr();
        health_.set("kafka", status);
        return GetCapturedStderr();
    }

    Log log_{LogFormat::logfmt, LogLevel::info};
    Health health_{log_};
    const Status away_{Condition::degraded, "no broker answers", "start Kafka"};
};

TEST_F(HealthTest, logs_the_first_state)
{
    EXPECT_THAT(written_by({}), HasSubstr("level=info event=dependency_ok component=kafka\n"));
}

TEST_F(HealthTest, logs_a_change_with_cause_and_remedy)
{
    written_by({});
    EXPECT_THAT(written_by(away_),
                HasSubstr("level=warn event=dependency_degraded component=kafka "
                          "cause=\"no broker answers\" remedy=\"start Kafka\"\n"));
    EXPECT_THAT(written_by({Condition::failed, "bad password", "set KAFKA_SASL_PASSWORD"}),
                HasSubstr("level=error event=dependency_failed"));
}

TEST_F(HealthTest, says_nothing_when_nothing_changed)
{
    written_by(away_);
    EXPECT_EQ(written_by(away_), "");
}

TEST_F(HealthTest, shows_every_component)
{
    CaptureStderr();
    health_.ok("postgres");
    health_.set("kafka", away_);
    GetCapturedStderr();
    EXPECT_EQ(health_.all(), (std::map<std::string, Status>{{"kafka", away_}, {"postgres", {}}}));
}

}  // namespace
}  // namespace exchange::obs
