#include "kafka/transaction_slots.hpp"

#include "base/failpoint.hpp"
#include "kafka/holds.hpp"
#include "kafka/threads.hpp"

#include <set>
#include <stdexcept>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

// An abort only shortens what the broker's time-out does anyhow.
constexpr Duration abort_patience = std::chrono::seconds{3};

// For what asks nothing of a broker.
constexpr Duration local_patience = std::chrono::seconds{1};

asio::awaitable<Failed> call(std::shared_ptr<Client> client,
                             Failed (*what)(const std::shared_ptr<Client>&, TimePoint),
                             TimePoint deadline)
{
    std::function<Failed()> work = [client = std::move(client), what, deadline] {
        return what(client, deadline);
    };
    co_return co_await run_blocking(std::move(work), deadline);
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

// Ends the transaction of what was just delivered. Verdicts that no longer hold become faults.
asio::awaitable<void> decide(std::shared_ptr<Slots> slots, Slot& slot,
                             std::vector<Delivery>& deliveries)
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
    const auto executor = co_await asio::this_coro::executor;
    slot.beginning.emplace(executor, call(sender->client(), begin_transaction, deadline));
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

std::vector<TopicPartition> partitions_of(const std::vector<Message>& messages)
{
    std::set<TopicPartition> found;
    for (const Message& message : messages) found.insert({message.topic, message.partition});
    return {found.begin(), found.end()};
}

// A batch that is handed over while it may not leave yet.
struct Held {
    std::shared_ptr<Sender> sender;
    std::vector<TopicPartition> partitions;
    std::vector<Message> messages;
    // Nothing where its partitions cannot be held: then it is not handed over yet.
    std::optional<Started<std::vector<Delivery>>> sending;
};

asio::awaitable<bool> hand_over(std::shared_ptr<Held> batch)
{
    std::function<bool()> work = [client = batch->sender->client(), batch] {
        return client && hold(*client, batch->partitions);
    };
    const bool held = co_await run_blocking(std::move(work), SteadyClock::now() + local_patience);
    if (!held) co_return false;
    const auto executor = co_await asio::this_coro::executor;
    batch->sending.emplace(executor, Sender::send(batch->sender, std::move(batch->messages)));
    co_return true;
}

asio::awaitable<std::vector<Delivery>> let_go(std::shared_ptr<Held> batch)
{
    std::function<bool()> work = [client = batch->sender->client(), batch] {
        if (client) release(*client, batch->partitions);
        return true;
    };
    co_await run_blocking(std::move(work), SteadyClock::now() + local_patience);
    if (batch->sending) co_return co_await batch->sending->get();
    co_return co_await Sender::send(batch->sender, std::move(batch->messages));
}

}  // namespace

void Slots::close()
{
    broken = "it was closed";
    for (const Slot& slot : all) slot.sender->close();
}

asio::awaitable<std::vector<Delivery>> send_at_once(std::shared_ptr<Slots> slots,
                                                    std::vector<Message> messages)
{
    std::vector<Delivery> deliveries;
    if (messages.empty()) co_return deliveries;
    Slot& slot = *co_await take_turn(slots);
    deliveries = co_await Sender::send(slot.sender, std::move(messages));
    co_await decide(slots, slot, deliveries);
    slots->sending = false;
    co_return deliveries;
}

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
    const auto batch = std::make_shared<Held>();
    batch->sender = slot.sender;
    batch->partitions = partitions_of(messages);
    batch->messages = std::move(messages);
    Started<bool> handing{co_await asio::this_coro::executor, hand_over(batch)};
    try {
        co_await std::move(cleared);
    } catch (...) {
        // While it is held: what was not cleared never leaves.
        slots->close();
        throw;
    }
    co_await handing.get();
    deliveries = co_await let_go(batch);
    co_await decide(slots, slot, deliveries);
    slots->sending = false;
    co_return deliveries;
}

asio::awaitable<void> abort_into(std::shared_ptr<Slots> slots,
                                 std::vector<TopicPartition> partitions, TimePoint deadline)
{
    for (Slot& slot : slots->all) {
        const std::shared_ptr<Sender> sender = slot.sender;
        co_await wait_for_beginning(slots, slot);
        std::vector<Message> empty;
        for (const TopicPartition& partition : partitions)
            empty.push_back({partition.topic, partition.partition, {}, {}, {}});
        std::vector<Delivery> deliveries = co_await Sender::send(sender, std::move(empty));
        if (const Delivery* fault = worst(deliveries)) throw Error{*fault->fault, fault->reason};
        for (const auto what : {abort_transaction, begin_transaction})
            if (const Failed failed = co_await call(sender->client(), what, deadline))
                throw Error{*failed};
    }
}

}  // namespace exchange::kafka
