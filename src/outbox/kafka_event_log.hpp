#pragma once

#include "outbox/ports.hpp"

#include <string>

namespace exchange::outbox {

struct EventLogConfig {
    kafka::ProducerConfig producer;
    // Each window is a transaction. Otherwise producers are idempotent only: cheaper and sooner
    // visible, but a late request of a dead owner can add a copy (docs/guarantees.md).
    bool transactional = true;
    // Of the transactional ids, which are "<prefix>exchange-lane-<lane>-<n>".
    std::string id_prefix;
};

// Kafka behind the relay's port. On the relay's executor.
class KafkaEventLog final : public EventLog {
public:
    KafkaEventLog(boost::asio::any_io_executor executor, EventLogConfig config);
    boost::asio::awaitable<std::unique_ptr<kafka::Producer>>
    open(LaneId lane, kafka::Batching batching) override;
    bool shuts_out_former_writers() const override { return config_.transactional; }
    boost::asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
    tails(std::vector<kafka::TopicPartition> partitions) override;

private:
    boost::asio::any_io_executor executor_;
    EventLogConfig config_;
};

}  // namespace exchange::outbox
