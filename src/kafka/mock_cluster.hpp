#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

// librdkafka's brokers in memory, for tests of what becomes of requests when a broker says no, is
// slow or is away. They store messages and know coordinators; they neither fence nor abort.
namespace exchange::kafka {

// Kafka's own numbers of the requests that tests refuse.
enum class Api : std::int16_t {
    produce = 0,
    find_coordinator = 10,
    init_producer_id = 22,
    add_partitions_to_txn = 24,
    end_txn = 26
};

class MockCluster {
public:
    // With one topic of two partitions.
    explicit MockCluster(const char* topic, int brokers = 1)
    {
        std::array<char, 256> text{};
        rd_kafka_conf_t* conf = rd_kafka_conf_new();
        rd_kafka_conf_set(conf, "log_level", "0", text.data(), text.size());
        owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size());
        cluster_ = rd_kafka_mock_cluster_new(owner_, brokers);
        rd_kafka_mock_topic_create(cluster_, topic, 2, 1);
    }
    ~MockCluster()
    {
        rd_kafka_mock_cluster_destroy(cluster_);
        rd_kafka_destroy(owner_);
    }
    MockCluster(const MockCluster&) = delete;
    MockCluster& operator=(const MockCluster&) = delete;

    std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
    void refuse_next_produce(rd_kafka_resp_err_t code)
    {
        rd_kafka_mock_push_request_errors_array(cluster_, static_cast<std::int16_t>(Api::produce),
                                                1, &code);
    }
    void go_down(int broker = 1) { rd_kafka_mock_broker_set_down(cluster_, broker); }
    void answer_after(std::chrono::milliseconds delay)
    {
        rd_kafka_mock_broker_set_rtt(cluster_, 1, static_cast<int>(delay.count()));
    }

    // The next requests of this kind to this broker.
    void refuse_next(int broker, Api api, rd_kafka_resp_err_t code, int times = 1)
    {
        for (int time = 0; time < times; ++time)
            rd_kafka_mock_broker_push_request_error_rtts(
                cluster_, broker, static_cast<std::int16_t>(api), 1, code, 0);
    }
    // Refusals that no request has met yet.
    std::size_t refusals_left(int broker, Api api) const
    {
        std::size_t left = 0;
        if (rd_kafka_mock_broker_error_stack_cnt(cluster_, broker, static_cast<std::int16_t>(api),
                                                 &left) != RD_KAFKA_RESP_ERR_NO_ERROR)
            throw std::logic_error{"nothing of this kind was refused"};
        return left;
    }

    void lead(int broker, const char* topic, int partition)
    {
        rd_kafka_mock_partition_set_leader(cluster_, topic, partition, broker);
    }
    void coordinate(int broker, const std::string& transactional_id)
    {
        rd_kafka_mock_coordinator_set(cluster_, "transaction", transactional_id.c_str(), broker);
    }

private:
    rd_kafka_t* owner_;
    rd_kafka_mock_cluster_t* cluster_;
};

}  // namespace exchange::kafka
