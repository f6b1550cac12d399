#include "kafka/conf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace exchange::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Conf make(std::map<std::string, std::string> properties)
{
    const Presets presets{.defaults = {{"linger.ms", "0"}, {"compression.type", "none"}},
                          .fixed = {{"acks", "all"}, {"enable.idempotence", "true"}},
                          .forbidden = {"transactional.id"}};
    return make_conf({.brokers = "broker:9092", .properties = std::move(properties)}, presets);
}

std::string refusal(std::map<std::string, std::string> properties)
{
    try {
        make(std::move(properties));
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Conf, lets_the_user_win_over_defaults)
{
    const Conf conf = make({{"compression.type", "lz4"}, {"client.id", "mine"}});
    EXPECT_EQ(value_of(*conf, "compression.type"), "lz4");
    EXPECT_EQ(value_of(*conf, "client.id"), "mine");
    EXPECT_EQ(value_of(*conf, "linger.ms"), "0");
    EXPECT_EQ(value_of(*conf, "bootstrap.servers"), "broker:9092");
}

TEST(Conf, refuses_what_contradicts_exactly_once_under_each_name)
{
    EXPECT_THAT(refusal({{"acks", "1"}}), AllOf(HasSubstr("acks must be all"), HasSubstr("Hint:")));
    EXPECT_THAT(refusal({{"request.required.acks", "0"}}), HasSubstr("acks must be all"));
    EXPECT_THAT(refusal({{"enable.idempotence", "false"}}), HasSubstr("enable.idempotence"));
    EXPECT_THAT(refusal({{"transactional.id", "x"}}), HasSubstr("left unset"));
}

TEST(Conf, accepts_the_same_value_in_other_words)
{
    EXPECT_EQ(refusal({{"acks", "-1"}}), "accepted");
    EXPECT_EQ(refusal({{"request.required.acks", "all"}}), "accepted");
}

TEST(Conf, names_an_unknown_property_and_a_bad_value)
{
    EXPECT_THAT(refusal({{"lingre.ms", "1"}}), AllOf(HasSubstr("lingre.ms"), HasSubstr("Hint:")));
    EXPECT_THAT(refusal({{"linger.ms", "soon"}}), HasSubstr("linger.ms"));
    EXPECT_THAT(refusal({{"bootstrap.servers", ""}}), HasSubstr("KAFKA_BROKERS"));
}

}  // namespace
}  // namespace exchange::kafka
