#pragma once

#include "outbox/ports.hpp"
#include "sim/broker.hpp"

// The simulated Kafka behind the relay's port: what src/kafka does with librdkafka, without it.
namespace exchange::sim {

class SimEventLog final : public outbox::EventLog {
public:
    explicit SimEventLog(Broker& broker) : broker_{broker} {}
    boost::asio::awaitable<std::unique_ptr<kafka::Producer>>
    open(LaneId lane, kafka::Batching batching) override;
    bool shuts_out_former_writers() const override { return broker_.world().plan.transactional; }
    boost::asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
    tails(std::vector<kafka::TopicPartition> partitions) override;

private:
    Broker& broker_;
};

}  // namespace exchange::sim
