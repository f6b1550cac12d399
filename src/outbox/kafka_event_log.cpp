#include "outbox/kafka_event_log.hpp"

namespace exchange::outbox {

KafkaEventLog::KafkaEventLog(boost::asio::any_io_executor executor, kafka::ProducerConfig config)
    : executor_{std::move(executor)}, config_{std::move(config)}
{
}

std::unique_ptr<kafka::Producer> KafkaEventLog::new_producer()
{
    return kafka::make_idempotent_producer(executor_, config_);
}

boost::asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
KafkaEventLog::tails(std::vector<kafka::TopicPartition> partitions)
{
    // Long enough for a broker that has just come back; the lane asks again by itself.
    const TimePoint deadline = SteadyClock::now() + std::chrono::seconds{5};
    co_return co_await kafka::read_tails(config_.client, std::move(partitions), deadline);
}

}  // namespace exchange::outbox
