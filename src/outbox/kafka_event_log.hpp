#pragma once

#include "outbox/ports.hpp"

namespace exchange::outbox {

// Kafka behind the relay's port, in idempotent mode. On the relay's executor.
class KafkaEventLog final : public EventLog {
public:
    KafkaEventLog(boost::asio::any_io_executor executor, kafka::ProducerConfig config);
    std::unique_ptr<kafka::Producer> new_producer() override;
    boost::asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
    tails(std::vector<kafka::TopicPartition> partitions) override;

private:
    boost::asio::any_io_executor executor_;
    kafka::ProducerConfig config_;
};

}  // namespace exchange::outbox
