#include "kafka/tails.hpp"

#include "kafka/classify.hpp"

#include "support/kafka.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace exchange::kafka {
namespace {

using namespace std::chrono_literals;
using namespace ::exchange::testing;
using ::testing::HasSubstr;

std::map<TopicPartition, Tail> tails(std::vector<TopicPartition> partitions,
                                     ClientConfig config = kafka_client(), Duration within = 10s)
{
    boost::asio::io_context io;
    return run_until_done(
        io, read_tails(std::move(config), std::move(partitions), SteadyClock::now() + within));
}

std::vector<TopicPartition> all_of(const std::string& topic, std::int32_t partitions)
{
    std::vector<TopicPartition> all;
    for (std::int32_t i = 0; i < partitions; ++i) all.push_back({topic, i});
    return all;
}

// librdkafka's transactional producer as it is, to leave in the log what our reader must pass over.
class Transactions {
public:
    explicit Transactions(std::string topic) : topic_{std::move(topic)}, client_{open(topic_)}
    {
        check(rd_kafka_init_transactions(client_.handle(), 30000));
    }

    void begin() { check(rd_kafka_begin_transaction(client_.handle())); }
    void commit() { check(rd_kafka_commit_transaction(client_.handle(), 30000)); }
    void abort() { check(rd_kafka_abort_transaction(client_.handle(), 30000)); }

    // Returns once the broker has them.
    void write(int first, int count)
    {
        for (int i = first; i < first + count; ++i) {
            std::string id = std::to_string(i);
            const auto failed = rd_kafka_producev(
                client_.handle(), RD_KAFKA_VTYPE_TOPIC, topic_.c_str(), RD_KAFKA_VTYPE_PARTITION, 0,
                RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_VALUE, id.data(),
                id.size(), RD_KAFKA_VTYPE_HEADER, "x-id", id.data(),
                static_cast<ssize_t>(id.size()), RD_KAFKA_VTYPE_END);
            if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) throw make_error("write", failed);
        }
        const auto failed = rd_kafka_flush(client_.handle(), 30000);
        if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) throw make_error("flush", failed);
    }

private:
    static Client open(const std::string& id)
    {
        std::vector<Property> defaults = common_defaults();
        defaults.emplace_back("transactional.id", id);
        Conf conf = make_conf(kafka_client(), {.defaults = defaults, .fixed = {}, .forbidden = {}});
        rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
        return Client{RD_KAFKA_PRODUCER, std::move(conf)};
    }

    static void check(rd_kafka_error_t* raw)
    {
        const KafkaError failed{raw};
        if (failed) throw std::runtime_error{rd_kafka_error_string(failed.get())};
    }

    std::string topic_;
    Client client_;
};

void fill(const std::string& topic, std::int32_t partition, int count)
{
    boost::asio::io_context io;
    const auto producer = make_idempotent_producer(
        io.get_executor(), {.client = kafka_client(), .message_timeout = 10s});
    std::vector<Message> batch;
    for (int i = 0; i < count; ++i)
        batch.push_back({.topic = topic,
                         .partition = partition,
                         .key = "k",
                         .value = "v",
                         .headers = {{"x-id", std::to_string(i)}}});
    for (const Delivery& verdict : run_until_done(io, producer->send(std::move(batch))))
        if (verdict.fault) throw Error{*verdict.fault, verdict.reason};
}

// The broker answers a commit or abort before it has written the marker that decides it.
Tail decided_tail(const std::string& topic)
{
    for (int attempt = 0; attempt < 500; ++attempt) {
        const Tail tail = tails({{topic, 0}}).at({topic, 0});
        if (tail.stable_end == tail.end) return tail;
    }
    throw std::runtime_error{"the transaction in " + topic + " was not decided in time"};
}

TEST(Tails, says_nothing_of_an_empty_partition)
{
    const std::string topic = make_topic();
    const Tail tail = tails({{topic, 0}}).at({topic, 0});
    EXPECT_EQ(tail.begin, 0);
    EXPECT_EQ(tail.end, 0);
    EXPECT_EQ(tail.stable_end, 0);
    EXPECT_FALSE(tail.last);
}

TEST(Tails, needs_no_broker_for_no_partitions)
{
    EXPECT_TRUE(tails({}, {.brokers = "127.0.0.1:1", .properties = {}}).empty());
}

TEST(Tails, reads_the_last_message_of_each_partition_quickly)
{
    const std::string topic = make_topic(8);
    for (std::int32_t partition = 0; partition < 7; ++partition)
        fill(topic, partition, 1 + partition * 40);
    const TimePoint start = SteadyClock::now();
    const auto found = tails(all_of(topic, 8));
    const auto took = SteadyClock::now() - start;
    ASSERT_EQ(found.size(), 8U);
    for (std::int32_t partition = 0; partition < 7; ++partition) {
        const Tail& tail = found.at({topic, partition});
        EXPECT_EQ(tail.end, 1 + partition * 40);
        ASSERT_TRUE(tail.last);
        EXPECT_EQ(tail.last->offset, partition * 40);
        EXPECT_EQ(tail.last->headers.at("x-id"), std::to_string(partition * 40));
        EXPECT_EQ(tail.messages_read, partition == 0 ? 1 : 8) << "however long the log is";
    }
    EXPECT_FALSE(found.at({topic, 7}).last);
    EXPECT_EQ(found.at({topic, 7}).messages_read, 0);
    const auto took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    RecordProperty("tails_ms", static_cast<int>(took_ms));
    std::cout << fmt::format("8 tails in {} ms\n", took_ms);
    EXPECT_LT(took, 20s);
}

TEST(Tails, passes_over_the_marker_of_a_committed_transaction)
{
    const std::string topic = make_topic();
    Transactions writer{topic};
    writer.begin();
    writer.write(0, 5);
    writer.commit();
    const Tail tail = decided_tail(topic);
    EXPECT_EQ(tail.end, 6);
    EXPECT_EQ(tail.stable_end, 6);
    ASSERT_TRUE(tail.last);
    EXPECT_EQ(tail.last->offset, 4);
}

TEST(Tails, goes_back_over_aborted_transactions)
{
    const std::string topic = make_topic();
    Transactions writer{topic};
    writer.begin();
    writer.write(0, 3);
    writer.commit();
    for (int round = 0; round < 4; ++round) {
        writer.begin();
        writer.write(100, 200);
        writer.abort();
    }
    const Tail tail = decided_tail(topic);
    EXPECT_GE(tail.end, 4 + 4 * 201);
    ASSERT_TRUE(tail.last);
    EXPECT_EQ(tail.last->offset, 2);
    EXPECT_EQ(tail.last->headers.at("x-id"), "2");
    EXPECT_EQ(tail.messages_read, 3) << "nothing of what was aborted is given to a reader";
}

TEST(Tails, says_nothing_where_all_was_aborted)
{
    const std::string topic = make_topic();
    Transactions writer{topic};
    writer.begin();
    writer.write(0, 30);
    writer.abort();
    const Tail tail = decided_tail(topic);
    EXPECT_GE(tail.end, 31);
    EXPECT_FALSE(tail.last);
}

TEST(Tails, shows_that_a_transaction_is_undecided)
{
    const std::string topic = make_topic();
    Transactions writer{topic};
    writer.begin();
    writer.write(0, 2);
    writer.commit();
    decided_tail(topic);
    writer.begin();
    writer.write(2, 3);
    const Tail open = tails({{topic, 0}}).at({topic, 0});
    EXPECT_EQ(open.stable_end, 3);
    EXPECT_EQ(open.end, 6);
    ASSERT_TRUE(open.last);
    EXPECT_EQ(open.last->headers.at("x-id"), "1");
    writer.commit();
    const Tail decided = decided_tail(topic);
    ASSERT_TRUE(decided.last);
    EXPECT_EQ(decided.last->headers.at("x-id"), "4");
}

TEST(Tails, names_a_missing_topic_and_a_missing_partition)
{
    const std::string topic = make_topic(2);
    for (const TopicPartition& missing :
         {TopicPartition{unique_topic_name(), 0}, TopicPartition{topic, 2}}) {
        try {
            tails({{topic, 0}, missing});
            FAIL() << "found";
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::topic_missing);
            EXPECT_THAT(error.what(), HasSubstr("exchange topics apply"));
        }
    }
}

TEST(Tails, reports_a_broker_that_is_away_at_the_deadline)
{
    const TimePoint start = SteadyClock::now();
    try {
        tails({{"any", 0}}, {.brokers = "127.0.0.1:1", .properties = {}}, 1s);
        FAIL() << "found";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unavailable);
        EXPECT_THAT(error.what(), HasSubstr("Connection refused"));
    }
    EXPECT_LT(SteadyClock::now() - start, 3s);
}

}  // namespace
}  // namespace exchange::kafka
