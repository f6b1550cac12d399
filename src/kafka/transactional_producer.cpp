#include "base/failpoint.hpp"
#include "base/started.hpp"
#include "kafka/holds.hpp"
#include "kafka/metadata.hpp"
#include "kafka/producer.hpp"
#include "kafka/producer_presets.hpp"
#include "kafka/threads.hpp"
#include "kafka/transaction.hpp"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

// An abort only shortens what the broker's time-out does anyhow.
constexpr Duration abort_patience = std::chrono::seconds{3};

// For what asks nothing of a broker.
constexpr Duration local_patience = std::chrono::seconds{1};

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

using Partitions = std::vector<TopicPartition>;

struct Slot {
    std::shared_ptr<Sender> sender;
    std::shared_ptr<Holds> holds;
    // Of its next transaction, while others have their turn.
    std::optional<Started<Failed>> beginning;
};

// Shared with the coroutines that use it, which may outlive the producer.
struct Slots {
    std::vector<Slot> all;
    Duration commit_patience{};
    std::size_t next = 0;
    bool sending = false;
    // Why nothing may be sent any more; empty while it may.
    std::string broken;

    void close()
    {
        broken = "it was closed";
        for (const Slot& slot : all) slot.sender->close();
    }
};

asio::awaitable<Failed> call(std::shared_ptr<Client> client,
                             Failed (*what)(const std::shared_ptr<Client>&, TimePoint),
                             TimePoint deadline)
{
    std::function<Failed()> work = [client = std::move(client), what, deadline] {
        return what(client, deadline);
    };
    co_return co_await run_blocking(std::move(work), deadline);
}

Partitions partitions_of(const std::vector<Message>& messages)
{
    std::set<TopicPartition> found;
    for (const Message& message : messages) found.insert({message.topic, message.partition});
    return {found.begin(), found.end()};
}

// As `call` does, for what librdkafka does at once.
template <class Work>
asio::awaitable<bool> do_soon(Work work)
{
    std::function<bool()> job = std::move(work);
    co_return co_await run_blocking(std::move(job), SteadyClock::now() + local_patience);
}

asio::awaitable<bool> hold(const Slot& slot, const Partitions& partitions)
{
    if (slot.holds->all(partitions)) co_return true;
    auto work = [client = slot.sender->client(), holds = slot.holds, partitions] {
        return client && holds->hold(*client, partitions);
    };
    co_return co_await do_soon(std::move(work));
}

asio::awaitable<void> release(const Slot& slot, const Partitions& partitions)
{
    if (!slot.holds->any(partitions)) co_return;
    auto work = [client = slot.sender->client(), holds = slot.holds, partitions] {
        if (client) holds->release(*client, partitions);
        return true;
    };
    co_await do_soon(std::move(work));
}

void fail_all(std::vector<Delivery>& deliveries, Fault fault, const std::string& reason)
{
    for (Delivery& delivery : deliveries) {
        if (delivery.fault) continue;
        delivery.fault = fault;
        delivery.reason = reason;
    }
}

// The first verdict that is a fault; a message's own fault before any other.
const Delivery* worst(const std::vector<Delivery>& deliveries)
{
    const Delivery* found = nullptr;
    for (const Delivery& delivery : deliveries) {
        if (!delivery.fault) continue;
        if (is_own_fault(*delivery.fault)) return &delivery;
        if (!found) found = &delivery;
    }
    return found;
}

// Begins the slot's next transaction, and holds what would belong to it, while others have their
// turn.
void begin_next(const asio::any_io_executor& executor, Slot& slot, Partitions held,
                TimePoint deadline)
{
    std::function<Failed()> work = [client = slot.sender->client(), holds = slot.holds,
                                    held = std::move(held), deadline] {
        Failed failed = begin_transaction(client, deadline);
        if (!failed && !held.empty()) holds->hold(*client, held);
        return failed;
    };
    slot.beginning.emplace(executor, run_blocking(std::move(work), deadline));
}

// Ends the transaction of what was just delivered. Verdicts that no longer hold become faults.
asio::awaitable<void> decide(std::shared_ptr<Slots> slots, Slot& slot,
                             std::vector<Delivery>& deliveries, Partitions hold_next)
{
    const std::shared_ptr<Sender> sender = slot.sender;
    if (const Delivery* fault = worst(deliveries)) {
        slots->broken = fault->reason;
        const bool clean = is_own_fault(*fault->fault);
        fail_all(deliveries, Fault::unavailable, "Aborted, for another message failed.");
        if (clean && sender->client())
            co_await call(sender->client(), abort_transaction, SteadyClock::now() + abort_patience);
        co_return;
    }
    if (!sender->client()) {
        fail_all(deliveries, Fault::unavailable, "The Kafka producer was closed.");
        co_return;
    }
    const TimePoint deadline = SteadyClock::now() + slots->commit_patience;
    failpoint("kafka/commit");
    if (const Failed failed = co_await call(sender->client(), commit_transaction, deadline)) {
        slots->broken = failed->what();
        fail_all(deliveries, failed->fault(), failed->what());
        co_return;
    }
    failpoint("kafka/committed");
    if (!sender->client()) co_return;
    begin_next(co_await asio::this_coro::executor, slot, std::move(hold_next), deadline);
}

asio::awaitable<void> wait_for_beginning(std::shared_ptr<Slots> slots, Slot& slot)
{
    if (!slot.beginning) co_return;
    Started<Failed> beginning = *slot.beginning;
    slot.beginning.reset();
    if (const Failed failed = co_await beginning.get()) {
        slots->broken = failed->what();
        throw Error{*failed};
    }
}

asio::awaitable<Slot*> take_turn(std::shared_ptr<Slots> slots)
{
    if (!slots->broken.empty())
        throw Error{Fault::fatal, "This Kafka producer may send no more: " + slots->broken};
    if (slots->sending) throw std::logic_error{"two transactions at once"};
    slots->sending = true;
    Slot& slot = slots->all[slots->next];
    slots->next = (slots->next + 1) % slots->all.size();
    co_await wait_for_beginning(slots, slot);
    co_return &slot;
}

asio::awaitable<std::vector<Delivery>> send_in_turn(std::shared_ptr<Slots> slots,
                                                    std::vector<Message> messages)
{
    std::vector<Delivery> deliveries;
    if (messages.empty()) co_return deliveries;
    Slot& slot = *co_await take_turn(slots);
    co_await release(slot, partitions_of(messages));
    deliveries = co_await Sender::send(slot.sender, std::move(messages));
    co_await decide(slots, slot, deliveries, {});
    slots->sending = false;
    co_return deliveries;
}

// What is held must never leave when this throws.
asio::awaitable<void> clear_or_close(std::shared_ptr<Slots> slots, asio::awaitable<void> cleared)
{
    try {
        co_await std::move(cleared);
    } catch (...) {
        slots->close();
        throw;
    }
}

// The messages are handed over and held: their partitions join the transaction meanwhile.
asio::awaitable<std::vector<Delivery>> send_held(std::shared_ptr<Slots> slots,
                                                 std::vector<Message> messages,
                                                 asio::awaitable<void> cleared)
{
    std::vector<Delivery> deliveries;
    if (messages.empty()) {
        co_await std::move(cleared);
        co_return deliveries;
    }
    Slot& slot = *co_await take_turn(slots);
    const Partitions partitions = partitions_of(messages);
    const bool held = co_await hold(slot, partitions);
    if (!held) co_await clear_or_close(slots, std::move(cleared));
    const auto executor = co_await asio::this_coro::executor;
    Started<std::vector<Delivery>> sending{executor,
                                           Sender::send(slot.sender, std::move(messages))};
    if (held) co_await clear_or_close(slots, std::move(cleared));
    co_await release(slot, partitions);
    deliveries = co_await sending.get();
    co_await decide(slots, slot, deliveries, partitions);
    slots->sending = false;
    co_return deliveries;
}

class TransactionalProducer final : public Producer {
public:
    explicit TransactionalProducer(std::shared_ptr<Slots> slots) : slots_{std::move(slots)} {}
    ~TransactionalProducer() override { slots_->close(); }

    asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages) override
    {
        return send_in_turn(slots_, std::move(messages));
    }

    asio::awaitable<std::vector<Delivery>> send_once_cleared(std::vector<Message> messages,
                                                             asio::awaitable<void> cleared) override
    {
        return send_held(slots_, std::move(messages), std::move(cleared));
    }

    asio::awaitable<void> prime(std::vector<std::string> topics, TimePoint deadline) override
    {
        for (const Slot& slot : slots_->all)
            co_await prime_topics(slot.sender->client(), topics, deadline);
    }

    asio::awaitable<void> abort_into(std::vector<TopicPartition> partitions,
                                     TimePoint deadline) override
    {
        const std::shared_ptr<Slots> slots = slots_;
        for (Slot& slot : slots->all) {
            const std::shared_ptr<Sender> sender = slot.sender;
            co_await wait_for_beginning(slots, slot);
            co_await release(slot, partitions);
            std::vector<Message> empty;
            for (const TopicPartition& partition : partitions)
                empty.push_back({partition.topic, partition.partition, {}, {}, {}});
            std::vector<Delivery> deliveries = co_await Sender::send(sender, std::move(empty));
            if (const Delivery* fault = worst(deliveries))
                throw Error{*fault->fault, fault->reason};
            for (const auto what : {abort_transaction, begin_transaction})
                if (const Failed failed = co_await call(sender->client(), what, deadline))
                    throw Error{*failed};
        }
    }

private:
    std::shared_ptr<Slots> slots_;
};

std::shared_ptr<Sender> make_sender(const asio::any_io_executor& executor,
                                    const TransactionalConfig& config, int number)
{
    Conf conf = make_conf(client_config(config.producer), transactional_presets(config, number));
    if (message_timeout(*conf) >= config.transaction_timeout)
        throw std::invalid_argument{
            "Kafka property message.timeout.ms must be below transaction.timeout.ms. Hint: lower "
            "KAFKA_MESSAGE_TIMEOUT_MS."};
    return start_sender(executor, std::move(conf));
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
    for (int number = 0; number < config.ids; ++number) {
        slots->all.push_back(
            {make_sender(executor, config, number), std::make_shared<Holds>(), {}});
    }
    // At once: each id costs some round trips, and more while the broker ends what was open.
    std::vector<Started<bool>> taking;
    for (const Slot& slot : slots->all)
        taking.emplace_back(executor, take_id(slot.sender->client(), deadline));
    for (Started<bool>& taken : taking) co_await taken.get();
    co_return producer;
}

}  // namespace exchange::kafka
