#include "kafka/producer.hpp"

#include "support/kafka.hpp"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

namespace exchange::kafka {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using ::exchange::testing::kafka_address;
using ::exchange::testing::kafka_client;
using ::exchange::testing::make_topic;
using ::exchange::testing::read_topic;
using ::exchange::testing::run_until_done;
using ::exchange::testing::unique_topic_name;
using ::testing::HasSubstr;
using ::testing::Not;

class RealProducer : public ::testing::Test {
protected:
    std::unique_ptr<Producer> make(ClientConfig client = kafka_client(),
                                   std::chrono::milliseconds timeout = 10s)
    {
        return make_idempotent_producer(io.get_executor(),
                                        {.client = std::move(client), .message_timeout = timeout});
    }

    std::vector<Delivery> send(Producer& producer, std::vector<Message> batch)
    {
        return run_until_done(io, producer.send(std::move(batch)));
    }

    void prime(Producer& producer, const std::string& topic, Duration within = 10s)
    {
        run_until_done(io, producer.prime({topic}, SteadyClock::now() + within));
    }

    asio::io_context io;
};

std::vector<Message> numbered(const std::string& topic, int first, int count, int partitions = 1)
{
    std::vector<Message> batch;
    for (int i = first; i < first + count; ++i)
        batch.push_back({.topic = topic,
                         .partition = i % partitions,
                         .key = fmt::format("key-{}", i),
                         .value = fmt::format("value-{}", i),
                         .headers = {{"x-id", std::to_string(i)}, {"x-lane", "3"}}});
    return batch;
}

TEST_F(RealProducer, stores_messages_in_order_with_keys_and_headers)
{
    const std::string topic = make_topic(2);
    const auto producer = make();
    prime(*producer, topic);
    const std::vector<Delivery> verdicts = send(*producer, numbered(topic, 0, 1000, 2));
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        ASSERT_FALSE(verdicts[i].fault) << verdicts[i].reason;
        ASSERT_EQ(verdicts[i].offset, static_cast<std::int64_t>(i / 2));
    }
    const auto stored = read_topic(topic);
    ASSERT_EQ(stored.size(), 1000U);
    for (std::size_t at = 0; at < stored.size(); ++at) {
        // Partition 0 holds the even numbers, partition 1 the odd ones.
        const std::size_t number = at < 500 ? at * 2 : (at - 500) * 2 + 1;
        ASSERT_EQ(stored[at].key, fmt::format("key-{}", number));
        ASSERT_EQ(stored[at].value, fmt::format("value-{}", number));
        ASSERT_EQ(stored[at].headers.at("x-id"), std::to_string(number));
        ASSERT_EQ(stored[at].headers.at("x-lane"), "3");
    }
}

TEST_F(RealProducer, stores_empty_values_and_bytes_of_any_kind)
{
    const std::string topic = make_topic();
    const auto producer = make();
    const std::string bytes{"\0\xff\n", 3};
    std::vector<Message> batch{
        {.topic = topic, .partition = 0, .key = bytes, .value = "", .headers = {{"h", bytes}}}};
    ASSERT_FALSE(send(*producer, std::move(batch)).at(0).fault);
    const auto stored = read_topic(topic).at(0);
    EXPECT_EQ(stored.key, bytes);
    EXPECT_EQ(stored.value, "");
    EXPECT_EQ(stored.headers.at("h"), bytes);
}

asio::awaitable<void> collect(Producer& producer, std::vector<Message> batch,
                              std::vector<Delivery>& verdicts)
{
    verdicts = co_await producer.send(std::move(batch));
}

TEST_F(RealProducer, keeps_the_order_of_sends_under_way_at_once)
{
    const std::string topic = make_topic();
    const auto producer = make();
    std::vector<std::vector<Delivery>> verdicts(20);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        auto batch = numbered(topic, static_cast<int>(i) * 100, 100);
        asio::co_spawn(io, collect(*producer, std::move(batch), verdicts[i]), asio::detached);
    }
    const auto missing = [&] {
        return std::ranges::any_of(verdicts, [](const auto& batch) { return batch.empty(); });
    };
    while (missing()) io.run_one();
    const auto stored = read_topic(topic);
    ASSERT_EQ(stored.size(), 2000U);
    for (std::size_t i = 0; i < stored.size(); ++i) {
        ASSERT_EQ(stored[i].value, fmt::format("value-{}", i));
        ASSERT_EQ(verdicts[i / 100][i % 100].offset, stored[i].offset);
    }
}

TEST_F(RealProducer, keeps_every_verdict_when_destroyed_at_once)
{
    const std::string topic = make_topic();
    auto producer = make();
    prime(*producer, topic);
    std::vector<Delivery> verdicts;
    asio::co_spawn(io, collect(*producer, numbered(topic, 0, 5000), verdicts), asio::detached);
    io.poll();
    producer.reset();
    io.restart();
    io.run();
    ASSERT_EQ(verdicts.size(), 5000U);
    std::size_t stored_for_sure = 0;
    while (stored_for_sure < 5000 && !verdicts[stored_for_sure].fault) ++stored_for_sure;
    EXPECT_GE(read_topic(topic).size(), stored_for_sure);
}

TEST_F(RealProducer, names_a_message_that_the_topic_does_not_take)
{
    const std::string topic = make_topic(1, {{"max.message.bytes", "2000"}});
    const auto producer = make();
    std::vector<Message> batch = numbered(topic, 0, 1);
    batch[0].value.assign(5000, 'x');
    const Delivery verdict = send(*producer, std::move(batch)).at(0);
    EXPECT_EQ(verdict.fault, Fault::message_too_large) << verdict.reason;
    EXPECT_THAT(verdict.reason, HasSubstr("max.message.bytes"));
    EXPECT_TRUE(read_topic(topic).empty());
}

TEST_F(RealProducer, lets_nothing_follow_a_refused_message)
{
    const std::string topic = make_topic(1, {{"max.message.bytes", "2000"}});
    const auto producer =
        make({.brokers = kafka_address(), .properties = {{"batch.size", "2000"}}});
    std::vector<Message> batch = numbered(topic, 0, 200);
    batch[100].value.assign(5000, 'x');
    const TimePoint start = SteadyClock::now();
    const std::vector<Delivery> verdicts = send(*producer, std::move(batch));
    EXPECT_LT(SteadyClock::now() - start, 5s) << "verdicts waited for the message timeout";
    EXPECT_EQ(verdicts.at(100).fault, Fault::message_too_large) << verdicts.at(100).reason;
    const auto stored = read_topic(topic);
    ASSERT_LE(stored.size(), 100U);
    for (std::size_t i = 0; i < stored.size(); ++i)
        EXPECT_EQ(stored[i].value, fmt::format("value-{}", i));
}

TEST_F(RealProducer, names_a_missing_topic_within_seconds)
{
    const std::string topic = unique_topic_name();
    const TimePoint start = SteadyClock::now();
    const auto producer = make({.brokers = kafka_address(), .properties = {}}, 30s);
    const Delivery verdict = send(*producer, numbered(topic, 0, 1)).at(0);
    EXPECT_EQ(verdict.fault, Fault::topic_missing) << verdict.reason;
    EXPECT_THAT(verdict.reason, HasSubstr("exchange topics apply"));
    EXPECT_LT(SteadyClock::now() - start, 8s);
}

TEST_F(RealProducer, names_a_missing_partition)
{
    const std::string topic = make_topic(1);
    const auto producer = make();
    std::vector<Message> batch = numbered(topic, 0, 1);
    batch[0].partition = 7;
    EXPECT_EQ(send(*producer, std::move(batch)).at(0).fault, Fault::topic_missing);
}

TEST_F(RealProducer, primes_existing_topics_and_names_missing_ones)
{
    const auto producer = make();
    prime(*producer, make_topic(3));
    try {
        prime(*producer, unique_topic_name());
        FAIL() << "primed";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::topic_missing);
    }
}

TEST_F(RealProducer, reports_a_wrong_port_with_the_reason)
{
    const auto producer = make({.brokers = "127.0.0.1:1", .properties = {}}, 2s);
    const Delivery verdict = send(*producer, numbered("any", 0, 1)).at(0);
    EXPECT_EQ(verdict.fault, Fault::unavailable);
    EXPECT_THAT(verdict.reason, HasSubstr("Connection refused"));
    EXPECT_THAT(verdict.reason, HasSubstr("KAFKA_BROKERS"));
    try {
        prime(*producer, "any", 1s);
        FAIL() << "primed";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unavailable) << error.what();
    }
}

// The broker of the tests wants no credentials and refuses ours.
TEST_F(RealProducer, tells_refused_credentials_from_a_broker_that_is_away)
{
    const auto producer = make({.brokers = kafka_address(),
                                .properties = {{"security.protocol", "sasl_plaintext"},
                                               {"sasl.mechanisms", "PLAIN"},
                                               {"sasl.username", "someone"},
                                               {"sasl.password", "not-to-be-shown"}}},
                               2s);
    const Delivery verdict = send(*producer, numbered("any", 0, 1)).at(0);
    EXPECT_EQ(verdict.fault, Fault::denied) << verdict.reason;
    EXPECT_THAT(verdict.reason, HasSubstr("KAFKA_SASL_"));
    EXPECT_THAT(verdict.reason, Not(HasSubstr("not-to-be-shown")));
}

TEST_F(RealProducer, reads_back_compressed_batches)
{
    const std::string topic = make_topic();
    const auto producer =
        make({.brokers = kafka_address(), .properties = {{"compression.type", "lz4"}}});
    send(*producer, numbered(topic, 0, 500));
    EXPECT_EQ(read_topic(topic).size(), 500U);
}

// The relay's rate rests on it: linger is 0, so a batch forms from what queues while earlier
// requests are under way. The bar is low enough for sanitizer builds on a busy machine.
TEST_F(RealProducer, moves_many_small_batches_quickly)
{
    constexpr int sends = 200;
    constexpr int batch_size = 1000;
    const std::string topic = make_topic(8);
    const auto producer = make();
    prime(*producer, topic);
    std::vector<std::vector<Message>> batches;
    for (int i = 0; i < sends; ++i) {
        batches.push_back(numbered(topic, i * batch_size, batch_size, 8));
        for (Message& message : batches.back()) message.value.assign(512, 'x');
    }
    const TimePoint start = SteadyClock::now();
    for (auto& batch : batches) ASSERT_FALSE(send(*producer, std::move(batch)).back().fault);
    const std::chrono::duration<double> took = SteadyClock::now() - start;
    const double rate = sends * batch_size / took.count();
    RecordProperty("messages_per_second", static_cast<int>(rate));
    std::cout << fmt::format("{:.0f} messages of 512 B a second\n", rate);
    EXPECT_GT(rate, 10'000);
}

}  // namespace
}  // namespace exchange::kafka
