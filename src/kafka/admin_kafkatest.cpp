#include "kafka/admin.hpp"

#include "support/kafka.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::kafka {
namespace {

using namespace std::chrono_literals;
using namespace ::exchange::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ClusterState state_of(std::vector<std::string> topics, ClientConfig config = kafka_client(),
                      Duration within = 10s)
{
    boost::asio::io_context io;
    return run_until_done(
        io, cluster_state(std::move(config), std::move(topics), SteadyClock::now() + within));
}

std::vector<std::string> create(std::vector<TopicSpec> topics)
{
    boost::asio::io_context io;
    return run_until_done(
        io, create_topics(kafka_client(), std::move(topics), SteadyClock::now() + 20s));
}

TopicSpec spec(const std::string& name, std::int32_t partitions = 8,
               std::map<std::string, std::string> config = {})
{
    return {.name = name,
            .partitions = partitions,
            .replication_factor = -1,
            .config = std::move(config)};
}

TEST(ClusterState, tells_partitions_and_settings_of_the_topics_that_exist)
{
    const std::string plain = make_topic(3);
    const std::string tuned =
        make_topic(8, {{"max.message.bytes", "123456"}, {"cleanup.policy", "compact"}});
    const ClusterState state = state_of({plain, tuned, unique_topic_name()});
    EXPECT_FALSE(state.cluster_id.empty());
    ASSERT_EQ(state.topics.size(), 2U);
    EXPECT_EQ(state.topics.at(plain).partitions, 3);
    EXPECT_EQ(state.topics.at(plain).cleanup_policy, "delete");
    EXPECT_EQ(state.topics.at(tuned).partitions, 8);
    EXPECT_EQ(state.topics.at(tuned).max_message_bytes, 123456);
    EXPECT_EQ(state.topics.at(tuned).cleanup_policy, "compact");
}

TEST(ClusterState, tells_the_cluster_id_alone)
{
    const ClusterState state = state_of({});
    EXPECT_FALSE(state.cluster_id.empty());
    EXPECT_THAT(state.topics, IsEmpty());
}

TEST(ClusterState, makes_no_topic_by_asking_for_it)
{
    const std::string missing = unique_topic_name();
    EXPECT_THAT(state_of({missing}).topics, IsEmpty());
    EXPECT_THAT(state_of({missing}).topics, IsEmpty());
}

TEST(ClusterState, reports_a_broker_that_is_away_with_the_reason)
{
    try {
        state_of({"any"}, {.brokers = "127.0.0.1:1", .properties = {}}, 1s);
        FAIL() << "answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unavailable);
        EXPECT_THAT(error.what(), HasSubstr("Connection refused"));
        EXPECT_THAT(error.what(), HasSubstr("KAFKA_BROKERS"));
    }
}

TEST(ClusterState, tells_refused_credentials_from_a_broker_that_is_away)
{
    try {
        state_of({"any"},
                 {.brokers = kafka_address(),
                  .properties = {{"security.protocol", "sasl_plaintext"},
                                 {"sasl.mechanisms", "PLAIN"},
                                 {"sasl.username", "someone"},
                                 {"sasl.password", "not-to-be-shown"}}},
                 1s);
        FAIL() << "answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::denied) << error.what();
    }
}

TEST(CreateTopics, creates_what_is_missing_and_leaves_the_rest)
{
    const std::string first = unique_topic_name();
    const std::string second = unique_topic_name();
    EXPECT_THAT(create({spec(first, 4)}), ElementsAre(first));
    EXPECT_THAT(create({spec(first, 8), spec(second, 2)}), ElementsAre(second));
    EXPECT_THAT(create({spec(first), spec(second)}), IsEmpty());
    const ClusterState state = state_of({first, second});
    EXPECT_EQ(state.topics.at(first).partitions, 4);
    EXPECT_EQ(state.topics.at(second).partitions, 2);
}

TEST(CreateTopics, passes_settings_on)
{
    const std::string topic = unique_topic_name();
    create({spec(topic, 1, {{"max.message.bytes", "2048"}})});
    EXPECT_EQ(state_of({topic}).topics.at(topic).max_message_bytes, 2048);
}

TEST(CreateTopics, names_a_topic_that_the_broker_refuses)
{
    const std::string topic = unique_topic_name();
    try {
        create({spec(topic, 1, {{"no.such.setting", "1"}})});
        FAIL() << "created";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(topic));
        EXPECT_THAT(error.what(), HasSubstr("Hint: "));
    }
}

}  // namespace
}  // namespace exchange::kafka
