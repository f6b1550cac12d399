#include "outbox/kafka_event_log.hpp"

#include <fmt/format.h>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

// Long enough for a broker that has just come back; the lane asks again by itself.
TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{5};
}

// Longer: a broker that restarts loads its transactions first, and ends what was left open. Well
// within DRAIN_TIMEOUT_MS, for it is waited for when the process stops.
TimePoint when_transactions_are_loaded()
{
    return SteadyClock::now() + std::chrono::seconds{8};
}

}  // namespace

KafkaEventLog::KafkaEventLog(asio::any_io_executor executor, EventLogConfig config)
    : executor_{std::move(executor)}, config_{std::move(config)}
{
}

asio::awaitable<std::unique_ptr<kafka::Producer>> KafkaEventLog::open(LaneId lane,
                                                                      kafka::Batching batching)
{
    kafka::ProducerConfig producer = config_.producer;
    producer.batching = batching;
    if (!config_.transactional) co_return kafka::make_idempotent_producer(executor_, producer);
    kafka::TransactionalConfig transactional;
    transactional.producer = std::move(producer);
    transactional.id = fmt::format("{}exchange-lane-{}", config_.id_prefix, number(lane));
    co_return co_await kafka::open_transactional_producer(std::move(transactional),
                                                          when_transactions_are_loaded());
}

asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
KafkaEventLog::tails(std::vector<kafka::TopicPartition> partitions)
{
    co_return co_await kafka::read_tails(config_.producer.client, std::move(partitions), soon());
}

}  // namespace exchange::outbox
