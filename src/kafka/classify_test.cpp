#include "kafka/classify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::kafka {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Row {
    rd_kafka_resp_err_t code;
    Fault fault;
};

constexpr Row rows[] = {
    {RD_KAFKA_RESP_ERR__TRANSPORT, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__RESOLVE, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, Fault::unavailable},
    {RD_KAFKA_RESP_ERR_UNKNOWN, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, Fault::topic_missing},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, Fault::topic_missing},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Fault::topic_missing},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, Fault::topic_missing},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, Fault::denied},
    {RD_KAFKA_RESP_ERR__SSL, Fault::denied},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Fault::denied},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, Fault::denied},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Fault::denied},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, Fault::denied},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, Fault::denied},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Fault::message_too_large},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, Fault::message_too_large},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, Fault::message_invalid},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, Fault::unavailable},
    {RD_KAFKA_RESP_ERR__FENCED, Fault::fenced},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, Fault::fenced},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, Fault::fenced},
    {RD_KAFKA_RESP_ERR__FATAL, Fault::fatal},
    {RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, Fault::fatal},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, Fault::fatal},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, Fault::fatal},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, Fault::fatal},
};

TEST(Classify, sorts_codes_by_what_the_caller_can_do)
{
    for (const auto& [code, fault] : rows)
        EXPECT_EQ(classify(code), fault) << rd_kafka_err2name(code);
}

TEST(Classify, takes_codes_of_later_brokers_for_passing_trouble)
{
    constexpr auto unheard_of = static_cast<rd_kafka_resp_err_t>(200);
    EXPECT_EQ(classify(unheard_of), Fault::unavailable);
}

TEST(Classify, reads_a_refusal_in_the_log)
{
    EXPECT_EQ(fault_told_in("[thrd:main]: TxnCoordinator/1: Failed to add partition \"a\" [6] to "
                            "transaction: Broker: Topic authorization failed"),
              Fault::denied);
    EXPECT_EQ(fault_told_in("Broker: Transactional Id authorization failed"), Fault::denied);
    EXPECT_EQ(fault_told_in("1 request(s) timed out: disconnect"), Fault::unavailable);
}

TEST(Classify, says_what_happened_why_and_what_helps)
{
    const Error error =
        make_error("Kafka topic 'a'", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "detail");
    EXPECT_EQ(error.fault(), Fault::topic_missing);
    EXPECT_THAT(error.what(), StartsWith("Kafka topic 'a': Broker: Unknown topic or partition "
                                         "(detail). Hint: "));
    EXPECT_THAT(error.what(), HasSubstr("exchange topics apply"));
}

TEST(Classify, blames_the_clock_for_a_time_that_the_broker_refuses)
{
    const Error error = make_error("Kafka events[0]", RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    EXPECT_THAT(error.what(), HasSubstr("Hint: set this machine's clock"));
}

TEST(Classify, says_that_an_old_client_cannot_do_scram_only_where_scram_was_refused)
{
    const bool old = rd_kafka_version() < 0x02060100;
    const auto told = [](Fault fault, std::string_view detail) {
        return describe("Kafka", RD_KAFKA_RESP_ERR__TRANSPORT, fault, detail);
    };
    const std::string refused = "invalid credentials with SASL mechanism SCRAM-SHA-256";
    EXPECT_EQ(told(Fault::denied, refused).find("librdkafka 2.6.1") != std::string::npos, old);
    EXPECT_EQ(told(Fault::unavailable, refused).find("librdkafka"), std::string::npos);
    EXPECT_EQ(told(Fault::denied, "mechanism PLAIN").find("librdkafka"), std::string::npos);
}

TEST(Classify, has_a_hint_naming_a_setting_or_command_for_each_fault)
{
    constexpr std::pair<Fault, const char*> hints[] = {
        {Fault::unavailable, "KAFKA_BROKERS"},  {Fault::topic_missing, "exchange topics apply"},
        {Fault::denied, "KAFKA_SASL_"},         {Fault::message_too_large, "max.message.bytes"},
        {Fault::message_invalid, "quarantine"}, {Fault::fenced, "owns the lane"},
        {Fault::fatal, "exchange check"},
    };
    for (const auto& [fault, part] : hints) {
        EXPECT_THAT(std::string{hint(fault)}, StartsWith("Hint: "));
        EXPECT_THAT(std::string{hint(fault)}, HasSubstr(part));
        EXPECT_THAT(std::string{hint(fault)}, EndsWith("."));
    }
}

}  // namespace
}  // namespace exchange::kafka
