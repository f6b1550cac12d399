#include "kafka/mock_cluster.hpp"
#include "kafka/producer.hpp"
#include "support/kafka.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The transactional producer while its coordinator loads, moves or stays away, against librdkafka's
// mock cluster. What readers see of transactions is in transactions_kafkatest.cpp.
namespace exchange::kafka {
namespace {

using namespace std::chrono_literals;
using ::exchange::testing::run_until_done;
using ::testing::HasSubstr;

constexpr char topic[] = "events";
constexpr char id[] = "lane";
constexpr int at_first = 1;
constexpr int later = 2;
// More often than any deadline here leaves time for.
constexpr int for_good = 10000;

class Coordinator : public ::testing::Test {
protected:
    Coordinator()
    {
        // The messages have a way that no coordinator is on.
        for (const int partition : {0, 1}) cluster.lead(later, topic, partition);
        cluster.coordinate(at_first, std::string{id} + "-0");
    }

    std::unique_ptr<Producer> open(Duration patience = 20s)
    {
        TransactionalConfig config;
        config.producer.client.brokers = cluster.address();
        config.producer.message_timeout = transaction_timeout - 500ms;
        config.transaction_timeout = transaction_timeout;
        config.id = id;
        config.ids = 1;
        return run_until_done(
            io, open_transactional_producer(std::move(config), SteadyClock::now() + patience));
    }

    std::vector<Delivery> send(Producer& producer, std::size_t count)
    {
        std::vector<Message> batch(count);
        for (Message& message : batch) message = {topic, 0, "key", "value", {}};
        return run_until_done(io, producer.send(std::move(batch)));
    }

    // Offsets tell that nothing was stored twice.
    void expect_committed(Producer& producer, std::int64_t after)
    {
        for (const Delivery& delivery : send(producer, 3)) {
            EXPECT_FALSE(delivery.fault) << delivery.reason;
            EXPECT_EQ(delivery.offset, after++);
        }
    }

    void refuse_thrice(Api api)
    {
        for (const rd_kafka_resp_err_t code :
             {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
              RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE})
            cluster.refuse_next(at_first, api, code);
    }

    // What it refuses there tells that it was asked there.
    void move_on()
    {
        cluster.coordinate(later, std::string{id} + "-0");
        cluster.refuse_next(later, Api::end_txn, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    }

    // A commit is waited for as long.
    std::chrono::milliseconds transaction_timeout = 15s;
    MockCluster cluster{topic, 2};
    boost::asio::io_context io;
};

// Each kind of request to it, refused in each way that passes by itself.
TEST_F(Coordinator, is_waited_for_while_it_loads_and_looked_for_where_it_went)
{
    refuse_thrice(Api::init_producer_id);
    const auto producer = open();
    EXPECT_EQ(cluster.refusals_left(at_first, Api::init_producer_id), 0u);
    refuse_thrice(Api::add_partitions_to_txn);
    expect_committed(*producer, 0);
    EXPECT_EQ(cluster.refusals_left(at_first, Api::add_partitions_to_txn), 0u);
    refuse_thrice(Api::end_txn);
    expect_committed(*producer, 3);
    EXPECT_EQ(cluster.refusals_left(at_first, Api::end_txn), 0u);
}

TEST_F(Coordinator, is_followed_to_another_broker)
{
    const auto producer = open();
    expect_committed(*producer, 0);
    move_on();
    expect_committed(*producer, 3);
    EXPECT_EQ(cluster.refusals_left(later, Api::end_txn), 0u);
}

TEST_F(Coordinator, is_followed_from_a_broker_that_died)
{
    const auto producer = open();
    expect_committed(*producer, 0);
    move_on();
    cluster.go_down(at_first);
    expect_committed(*producer, 3);
    EXPECT_EQ(cluster.refusals_left(later, Api::end_txn), 0u);
}

// Whether it is committed is not known then: the producer's end.
TEST_F(Coordinator, that_stays_away_at_the_commit_makes_the_window_unavailable)
{
    transaction_timeout = 1500ms;
    const auto producer = open();
    expect_committed(*producer, 0);
    cluster.refuse_next(at_first, Api::end_txn, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                        for_good);
    for (const Delivery& delivery : send(*producer, 3)) {
        EXPECT_EQ(delivery.fault, Fault::unavailable) << delivery.reason;
        EXPECT_THAT(delivery.reason, HasSubstr("Hint: "));
    }
    try {
        send(*producer, 3);
        ADD_FAILURE() << "it sent on";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::fatal);
    }
}

TEST_F(Coordinator, that_stays_away_at_first_makes_the_ids_unavailable)
{
    cluster.refuse_next(at_first, Api::init_producer_id,
                        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, for_good);
    try {
        open(1s);
        ADD_FAILURE() << "it opened";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unavailable) << error.what();
        EXPECT_THAT(error.what(), HasSubstr("Hint: "));
    }
}

}  // namespace
}  // namespace exchange::kafka
