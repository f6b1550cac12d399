#include "kafka/metadata.hpp"
#include "kafka/producer.hpp"
#include "kafka/producer_presets.hpp"
#include "kafka/threads.hpp"
#include "kafka/transaction.hpp"
#include "kafka/transaction_slots.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

Presets transactional_presets(const TransactionalConfig& config, int number)
{
    Presets presets = producer_presets(config.producer);
    presets.defaults.emplace_back("transaction.timeout.ms",
                                  std::to_string(config.transaction_timeout.count()));
    presets.fixed = {{"enable.idempotence", "true"},
                     {"acks", "all"},
                     {"transactional.id", fmt::format("{}-{}", config.id, number)}};
    return presets;
}

class TransactionalProducer final : public Producer {
public:
    explicit TransactionalProducer(std::shared_ptr<Slots> slots) : slots_{std::move(slots)} {}
    ~TransactionalProducer() override { slots_->close(); }

    asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages) override
    {
        return send_at_once(slots_, std::move(messages));
    }

    asio::awaitable<std::vector<Delivery>> send_once_cleared(std::vector<Message> messages,
                                                             asio::awaitable<void> cleared) override
    {
        return send_held(slots_, std::move(messages), std::move(cleared));
    }
    Duration hold_most() const override { return slots_->hold_most; }

    asio::awaitable<void> prime(std::vector<std::string> topics, TimePoint deadline) override
    {
        for (const Slot& slot : slots_->all)
            co_await prime_topics(slot.sender->client(), topics, deadline);
    }

    asio::awaitable<void> abort_into(std::vector<TopicPartition> partitions,
                                     TimePoint deadline) override
    {
        return kafka::abort_into(slots_, std::move(partitions), deadline);
    }

private:
    std::shared_ptr<Slots> slots_;
};

void add_slot(Slots& slots, const asio::any_io_executor& executor,
              const TransactionalConfig& config, int number)
{
    Conf conf = make_conf(client_config(config.producer), transactional_presets(config, number));
    const auto timeout = message_timeout(*conf);
    if (timeout >= config.transaction_timeout)
        throw std::invalid_argument{
            "Kafka property message.timeout.ms must be below transaction.timeout.ms. Hint: lower "
            "KAFKA_MESSAGE_TIMEOUT_MS."};
    slots.hold_most = timeout / 2;
    slots.all.push_back({start_sender(executor, std::move(conf), leave_transaction), {}});
}

asio::awaitable<bool> take_id(std::shared_ptr<Client> client, TimePoint deadline)
{
    std::function<bool()> work = [client = std::move(client), deadline] {
        take_transactional_id(client, deadline);
        return true;
    };
    co_return co_await run_blocking(std::move(work), deadline);
}

}  // namespace

asio::awaitable<std::unique_ptr<Producer>> open_transactional_producer(TransactionalConfig config,
                                                                       TimePoint deadline)
{
    const auto executor = co_await asio::this_coro::executor;
    const auto slots = std::make_shared<Slots>();
    auto producer = std::make_unique<TransactionalProducer>(slots);
    slots->commit_patience = config.transaction_timeout;
    for (int number = 0; number < config.ids; ++number) add_slot(*slots, executor, config, number);
    // At once: each id costs some round trips, and more while the broker ends what was open.
    std::vector<Started<bool>> taking;
    for (const Slot& slot : slots->all)
        taking.emplace_back(executor, take_id(slot.sender->client(), deadline));
    for (Started<bool>& taken : taking) co_await taken.get();
    co_return producer;
}

}  // namespace exchange::kafka
