#include "kafka/metadata.hpp"
#include "kafka/producer.hpp"
#include "kafka/producer_presets.hpp"
#include "kafka/sender.hpp"

#include <fmt/format.h>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

Presets idempotent_presets(const ProducerConfig& config)
{
    Presets presets = producer_presets(config);
    presets.fixed = {
        {"enable.idempotence", "true"}, {"acks", "all"}, {"enable.gapless.guarantee", "true"}};
    presets.forbidden = {"transactional.id"};
    return presets;
}

class IdempotentProducer final : public Producer {
public:
    explicit IdempotentProducer(std::shared_ptr<Sender> sender) : sender_{std::move(sender)} {}
    ~IdempotentProducer() override { sender_->close(); }

    asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages) override
    {
        return Sender::send(sender_, std::move(messages));
    }

    asio::awaitable<void> prime(std::vector<std::string> topics, TimePoint deadline) override
    {
        return prime_topics(sender_->client(), std::move(topics), deadline);
    }

    asio::awaitable<void> abort_into(std::vector<TopicPartition> partitions, TimePoint) override
    {
        throw Error{Fault::unavailable,
                    fmt::format("Kafka {}[{}] ends in a transaction that nobody has decided. Hint: "
                                "it ends by the broker's time-out; if it does not, run once with "
                                "RELAY_MODE=transactional, which repairs it.",
                                partitions.at(0).topic, partitions.at(0).partition)};
    }

private:
    std::shared_ptr<Sender> sender_;
};

}  // namespace

std::unique_ptr<Producer> make_idempotent_producer(asio::any_io_executor executor,
                                                   const ProducerConfig& config)
{
    Conf conf = make_conf(client_config(config), idempotent_presets(config));
    return std::make_unique<IdempotentProducer>(start_sender(executor, std::move(conf)));
}

}  // namespace exchange::kafka
