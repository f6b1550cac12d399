#include "kafka/producer.hpp"

#include "kafka/mock_cluster.hpp"
#include "support/kafka.hpp"

#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Against librdkafka's mock cluster: what becomes of messages when the broker says no, is slow or
// is away. What needs a true broker is in producer_kafkatest.cpp.
namespace exchange::kafka {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using ::exchange::testing::run_until_done;
using ::testing::HasSubstr;

constexpr char topic[] = "events";

class MockedProducer : public ::testing::Test {
protected:
    std::unique_ptr<Producer> make(std::map<std::string, std::string> properties = {})
    {
        const ProducerConfig config{
            .client = {.brokers = cluster.address(), .properties = std::move(properties)},
            .message_timeout = 3000ms};
        return make_idempotent_producer(io.get_executor(), config);
    }

    static std::vector<Message> messages(int count, std::string value = "v")
    {
        return std::vector<Message>(static_cast<std::size_t>(count),
                                    Message{.topic = topic,
                                            .partition = 0,
                                            .key = "k",
                                            .value = std::move(value),
                                            .headers = {}});
    }

    std::vector<Delivery> send(Producer& producer, std::vector<Message> batch)
    {
        return run_until_done(io, producer.send(std::move(batch)));
    }

    MockCluster cluster{topic};
    asio::io_context io;
};

TEST_F(MockedProducer, gives_a_verdict_for_each_message_in_order)
{
    const auto producer = make();
    const std::vector<Delivery> verdicts = send(*producer, messages(1000));
    ASSERT_EQ(verdicts.size(), 1000U);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        EXPECT_FALSE(verdicts[i].fault) << verdicts[i].reason;
        EXPECT_EQ(verdicts[i].offset, static_cast<std::int64_t>(i));
    }
}

TEST_F(MockedProducer, returns_at_once_for_no_messages)
{
    const auto producer = make();
    EXPECT_TRUE(send(*producer, {}).empty());
}

TEST_F(MockedProducer, hides_what_passes_by_itself)
{
    const auto producer = make();
    cluster.refuse_next_produce(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    EXPECT_FALSE(send(*producer, messages(1)).at(0).fault);
}

TEST_F(MockedProducer, sorts_refusals_of_the_broker)
{
    const std::pair<rd_kafka_resp_err_t, Fault> refusals[] = {
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Fault::message_too_large},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, Fault::message_invalid},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Fault::denied},
        {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, Fault::fenced},
    };
    for (const auto& [code, fault] : refusals) {
        const auto producer = make();
        cluster.refuse_next_produce(code);
        const Delivery verdict = send(*producer, messages(1)).at(0);
        EXPECT_EQ(verdict.fault, fault) << rd_kafka_err2name(code) << ": " << verdict.reason;
        EXPECT_THAT(verdict.reason, HasSubstr("Hint: "));
    }
}

// A message that follows a lost one in the log would hide the hole from who reads the tail.
TEST_F(MockedProducer, sends_nothing_more_after_a_fault)
{
    const auto producer = make();
    cluster.refuse_next_produce(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    ASSERT_TRUE(send(*producer, messages(1)).at(0).fault);
    try {
        send(*producer, messages(1));
        FAIL() << "sent";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::fatal);
        EXPECT_THAT(error.what(), HasSubstr("Hint: "));
    }
}

TEST_F(MockedProducer, stops_the_batch_at_a_message_too_large_for_the_client)
{
    const auto producer = make({{"message.max.bytes", "2000"}});
    std::vector<Message> batch = messages(3);
    batch[1].value.assign(3000, 'x');
    const std::vector<Delivery> verdicts = send(*producer, std::move(batch));
    EXPECT_EQ(verdicts.at(1).fault, Fault::message_too_large) << verdicts.at(1).reason;
    EXPECT_EQ(verdicts.at(2).fault, Fault::unavailable);
    EXPECT_THAT(verdicts.at(2).reason, HasSubstr("earlier message failed"));
}

TEST_F(MockedProducer, reports_a_broker_that_does_not_answer_within_the_message_timeout)
{
    const auto producer = make();
    ASSERT_FALSE(send(*producer, messages(1)).at(0).fault);
    cluster.answer_after(20s);
    const TimePoint start = SteadyClock::now();
    const Delivery verdict = send(*producer, messages(1)).at(0);
    EXPECT_EQ(verdict.fault, Fault::unavailable) << verdict.reason;
    EXPECT_LT(SteadyClock::now() - start, 8s);
}

TEST_F(MockedProducer, says_why_a_broker_is_not_reached)
{
    const auto producer = make();
    ASSERT_FALSE(send(*producer, messages(1)).at(0).fault);
    cluster.go_down();
    const Delivery verdict = send(*producer, messages(1)).at(0);
    EXPECT_EQ(verdict.fault, Fault::unavailable);
    EXPECT_THAT(verdict.reason, HasSubstr("KAFKA_BROKERS"));
}

TEST_F(MockedProducer, waits_for_room_when_the_queue_is_full)
{
    const auto producer = make({{"queue.buffering.max.messages", "100"}});
    const std::vector<Delivery> verdicts = send(*producer, messages(1000));
    for (std::size_t i = 0; i < verdicts.size(); ++i)
        ASSERT_EQ(verdicts[i].offset, static_cast<std::int64_t>(i)) << verdicts[i].reason;
}

asio::awaitable<void> collect(Producer& producer, std::vector<Message> batch,
                              std::vector<Delivery>& verdicts)
{
    verdicts = co_await producer.send(std::move(batch));
}

TEST_F(MockedProducer, keeps_the_order_of_sends_that_wait_for_room)
{
    const auto producer = make({{"queue.buffering.max.messages", "100"}});
    std::vector<Delivery> first;
    std::vector<Delivery> second;
    asio::co_spawn(io, collect(*producer, messages(500), first), asio::detached);
    asio::co_spawn(io, collect(*producer, messages(500), second), asio::detached);
    while (second.empty() || first.empty()) io.run_one();
    EXPECT_EQ(first.at(0).offset, 0);
    EXPECT_EQ(first.at(499).offset, 499);
    EXPECT_EQ(second.at(0).offset, 500);
    EXPECT_EQ(second.at(499).offset, 999);
}

TEST_F(MockedProducer, gives_faults_to_those_who_wait_when_it_is_destroyed)
{
    auto producer = make();
    cluster.answer_after(20s);
    std::vector<Delivery> first;
    std::vector<Delivery> second;
    asio::co_spawn(io, collect(*producer, messages(10), first), asio::detached);
    asio::co_spawn(io, collect(*producer, messages(10), second), asio::detached);
    io.run_for(100ms);
    const TimePoint start = SteadyClock::now();
    producer.reset();
    EXPECT_LT(SteadyClock::now() - start, 50ms);
    io.restart();
    io.run();
    ASSERT_EQ(first.size(), 10U);
    ASSERT_EQ(second.size(), 10U);
    EXPECT_EQ(first.at(9).fault, Fault::unavailable);
    EXPECT_THAT(second.at(0).reason, HasSubstr("closed"));
}

TEST_F(MockedProducer, may_die_with_its_context_while_a_send_waits)
{
    asio::io_context short_lived;
    const ProducerConfig config{.client = {.brokers = cluster.address(), .properties = {}},
                                .message_timeout = 3000ms};
    auto producer = make_idempotent_producer(short_lived.get_executor(), config);
    cluster.answer_after(20s);
    std::vector<Delivery> verdicts;
    asio::co_spawn(short_lived, collect(*producer, messages(10), verdicts), asio::detached);
    short_lived.run_for(50ms);
    EXPECT_TRUE(verdicts.empty());
    producer.reset();
}

TEST_F(MockedProducer, refuses_settings_by_name)
{
    // What only rd_kafka_new refuses, once the properties are set.
    EXPECT_THROW(make({{"security.protocol", "ssl"}, {"ssl.ca.location", "/nonexistent"}}),
                 std::invalid_argument);
    EXPECT_THROW(make({{"no.such.property", "1"}}), std::invalid_argument);
    EXPECT_THROW(make({{"acks", "1"}}), std::invalid_argument);
    EXPECT_THROW(make({{"max.in.flight", "50"}}), std::invalid_argument);
    EXPECT_THROW(make({{"message.timeout.ms", "0"}}), std::invalid_argument);
}

}  // namespace
}  // namespace exchange::kafka
