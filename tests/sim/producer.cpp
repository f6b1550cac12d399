#include "sim/producer.hpp"

#include "base/started.hpp"

#include <fmt/format.h>

namespace exchange::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using kafka::Delivery;
using kafka::Fault;

namespace {

constexpr Duration open_patience = 8s;
constexpr Duration abort_patience = 3s;
constexpr Duration request_patience = 300ms;
constexpr Duration retry_pause = 20ms;

struct Identity {
    ProducerName name;
    std::map<kafka::TopicPartition, int> next_sequence;
};

// Outlives the producer while a coroutine uses it.
struct Slots {
    Slots(Broker& of, LaneId of_lane, bool each_alone)
        : broker{of}, lane{of_lane}, one_by_one{each_alone}
    {
    }

    Broker& broker;
    LaneId lane;
    bool one_by_one;
    std::vector<Identity> identities;
    std::size_t next = 0;
    bool sending = false;
    std::string broken;
};
using SlotsPtr = std::shared_ptr<Slots>;

// Messages of one send to one partition, in order, and where their verdicts go.
struct Stream {
    kafka::TopicPartition partition;
    std::vector<std::size_t> indexes;
};

struct Sending {
    std::vector<std::shared_ptr<const kafka::Message>> messages;
    std::vector<Delivery> deliveries;
    bool faulty = false;

    void fail(std::size_t index, Fault fault, const char* reason)
    {
        deliveries[index].fault = fault;
        deliveries[index].reason = reason;
        faulty = true;
    }
};

asio::awaitable<bool> take_id(SlotsPtr slots, std::string id, TimePoint deadline)
{
    using Answer = std::optional<ProducerName>;
    Broker* broker = &slots->broker;
    const auto serve = [broker, id](const Responder<Answer>& answer) {
        answer(broker->take_id(id));
    };
    while (SteadyClock::now() < deadline) {
        const TimePoint until = std::min(deadline, SteadyClock::now() + request_patience);
        const auto answer = co_await request<Answer>(broker->world(), broker->link(), until, serve);
        if (answer && *answer) {
            slots->identities.push_back({**answer, {}});
            co_return true;
        }
        co_await sleep_until(SteadyClock::now() + retry_pause);
    }
    throw kafka::Error{Fault::unavailable, "simulated: the transactional id was not to be had"};
}

asio::awaitable<void> take_ids(SlotsPtr slots)
{
    const auto executor = co_await asio::this_coro::executor;
    const TimePoint deadline = SteadyClock::now() + open_patience;
    std::vector<Started<bool>> taking;
    for (int number = 0; number < slots->broker.world().plan.ids; ++number) {
        std::string id = fmt::format("lane-{}-{}", exchange::number(slots->lane), number);
        taking.emplace_back(executor, take_id(slots, std::move(id), deadline));
    }
    for (Started<bool>& taken : taking) co_await taken.get();
}

// Asks until the partitions are part of the transaction. Nothing when they are.
asio::awaitable<std::optional<Fault>> enlist(SlotsPtr slots, std::size_t slot,
                                             std::set<kafka::TopicPartition> partitions)
{
    Broker* broker = &slots->broker;
    const TimePoint deadline = SteadyClock::now() + broker->world().plan.message_timeout;
    const ProducerName name = slots->identities[slot].name;
    const auto serve = [broker, name, partitions](const Responder<EnlistAnswer>& answer) {
        answer(broker->enlist(name, partitions));
    };
    while (SteadyClock::now() < deadline) {
        const TimePoint until = std::min(deadline, SteadyClock::now() + request_patience);
        const auto answer =
            co_await request<EnlistAnswer>(broker->world(), broker->link(), until, serve);
        if (answer == EnlistAnswer::done) co_return std::nullopt;
        if (answer == EnlistAnswer::fenced) co_return Fault::fenced;
        co_await sleep_until(SteadyClock::now() + retry_pause);
    }
    co_return Fault::unavailable;
}

ProduceRequest next_batch(const Slots& slots, const Sending& sending, const Stream& stream,
                          Identity& identity, std::size_t from)
{
    ProduceRequest batch;
    batch.producer = identity.name;
    batch.partition = stream.partition;
    batch.first_sequence = identity.next_sequence[stream.partition];
    World& world = slots.broker.world();
    const int messages_max = slots.one_by_one ? 1 : world.plan.batch_messages_max;
    const auto most = static_cast<std::size_t>(world.dice.between(1, messages_max));
    for (std::size_t at = from; at < std::min(stream.indexes.size(), from + most); ++at)
        batch.messages.push_back(sending.messages[stream.indexes[at]]);
    return batch;
}

// Asks until it is stored, refused for good, or too late.
asio::awaitable<std::optional<ProduceAnswer>> store(SlotsPtr slots, ProduceRequest batch)
{
    Broker* broker = &slots->broker;
    const TimePoint deadline = SteadyClock::now() + broker->world().plan.message_timeout;
    const auto serve = [broker, batch](const Responder<ProduceAnswer>& answer) {
        answer(broker->produce(batch));
    };
    while (SteadyClock::now() < deadline) {
        const TimePoint until = std::min(deadline, SteadyClock::now() + request_patience);
        const auto answer =
            co_await request<ProduceAnswer>(broker->world(), broker->link(), until, serve);
        if (answer && answer->kind != ProduceAnswer::Kind::again) co_return answer;
        co_await sleep_until(SteadyClock::now() + retry_pause);
    }
    co_return std::nullopt;
}

void take_answer(Sending& sending, const Stream& stream, std::size_t from, std::size_t count,
                 const std::optional<ProduceAnswer>& answer)
{
    for (std::size_t at = 0; at < count; ++at) {
        const std::size_t index = stream.indexes[from + at];
        if (!answer) sending.fail(index, Fault::unavailable, "simulated: no answer from Kafka");
        else if (answer->kind == ProduceAnswer::Kind::fenced)
            sending.fail(index, Fault::fenced, "simulated: fenced");
        else if (answer->kind == ProduceAnswer::Kind::poison)
            sending.fail(index, Fault::message_too_large, "simulated: too large");
        else if (answer->kind != ProduceAnswer::Kind::stored)
            sending.fail(index, Fault::unavailable, "simulated: not stored");
        else if (answer->offset >= 0)
            sending.deliveries[index].offset = answer->offset + static_cast<std::int64_t>(at);
    }
}

asio::awaitable<bool> send_stream(SlotsPtr slots, std::size_t slot,
                                  std::shared_ptr<Sending> sending, Stream stream)
{
    std::size_t from = 0;
    while (from < stream.indexes.size()) {
        Identity& identity = slots->identities[slot];
        ProduceRequest batch = next_batch(*slots, *sending, stream, identity, from);
        const std::size_t count = batch.messages.size();
        std::optional<ProduceAnswer> answer;
        // Once anything failed, nothing more is sent.
        if (!sending->faulty) answer = co_await store(slots, std::move(batch));
        take_answer(*sending, stream, from, count, answer);
        identity.next_sequence[stream.partition] += static_cast<int>(count);
        from += count;
    }
    co_return true;
}

void fail_rest(Sending& sending, Fault fault, const char* reason)
{
    for (std::size_t at = 0; at < sending.deliveries.size(); ++at)
        if (!sending.deliveries[at].fault) sending.fail(at, fault, reason);
}

// What a transaction needs before its first message can leave.
asio::awaitable<bool> join(SlotsPtr slots, std::size_t slot, std::shared_ptr<Sending> sending)
{
    if (!slots->broker.world().plan.transactional) co_return true;
    std::set<kafka::TopicPartition> partitions;
    for (const auto& message : sending->messages)
        partitions.insert({message->topic, message->partition});
    if (const auto fault = co_await enlist(slots, slot, std::move(partitions)))
        fail_rest(*sending, *fault, "simulated: its partition is not in the transaction");
    co_return true;
}

asio::awaitable<void> send_all(SlotsPtr slots, std::size_t slot, std::shared_ptr<Sending> sending)
{
    const auto executor = co_await asio::this_coro::executor;
    std::map<kafka::TopicPartition, Stream> streams;
    for (std::size_t at = 0; at < sending->messages.size(); ++at) {
        const kafka::Message& message = *sending->messages[at];
        Stream& stream = streams[{message.topic, message.partition}];
        stream.partition = {message.topic, message.partition};
        stream.indexes.push_back(at);
    }
    std::vector<Started<bool>> under_way;
    for (auto& [partition, stream] : streams)
        under_way.emplace_back(executor, send_stream(slots, slot, sending, std::move(stream)));
    for (Started<bool>& each : under_way) co_await each.get();
}

// Nothing when it went well.
asio::awaitable<std::optional<Fault>> end(SlotsPtr slots, std::size_t slot, Decision decision,
                                          TimePoint deadline)
{
    Broker* broker = &slots->broker;
    const ProducerName name = slots->identities[slot].name;
    const auto serve = [broker, name, decision](const Responder<EndAnswer>& answer) {
        answer(broker->end(name, decision));
    };
    while (SteadyClock::now() < deadline) {
        const TimePoint until = std::min(deadline, SteadyClock::now() + request_patience);
        const auto answer =
            co_await request<EndAnswer>(broker->world(), broker->link(), until, serve);
        if (answer == EndAnswer::done) co_return std::nullopt;
        if (answer == EndAnswer::fenced) co_return Fault::fenced;
        co_await sleep_until(SteadyClock::now() + retry_pause);
    }
    co_return Fault::unavailable;
}

bool has_poison(const Sending& sending)
{
    for (const Delivery& delivery : sending.deliveries)
        if (delivery.fault && kafka::is_own_fault(*delivery.fault)) return true;
    return false;
}

asio::awaitable<void> decide(SlotsPtr slots, std::size_t slot, std::shared_ptr<Sending> sending)
{
    if (sending->faulty) {
        slots->broken = "a message failed";
        const bool clean = has_poison(*sending);
        fail_rest(*sending, Fault::unavailable, "simulated: aborted, for another message failed");
        if (clean)
            co_await end(slots, slot, Decision::aborted, SteadyClock::now() + abort_patience);
        co_return;
    }
    const TimePoint deadline = SteadyClock::now() + slots->broker.world().plan.transaction_timeout;
    const auto fault = co_await end(slots, slot, Decision::committed, deadline);
    if (!fault) co_return;
    slots->broken = "a commit is uncertain";
    slots->broker.world().count("commit uncertain");
    fail_rest(*sending, *fault, "simulated: the commit is uncertain");
}

std::shared_ptr<Sending> make_sending(std::vector<kafka::Message> messages)
{
    const auto sending = std::make_shared<Sending>();
    for (kafka::Message& message : messages)
        sending->messages.push_back(std::make_shared<const kafka::Message>(std::move(message)));
    sending->deliveries.resize(sending->messages.size());
    return sending;
}

// `cleared`, if there is one, runs while the transaction is joined; nothing leaves before it
// returned.
asio::awaitable<std::vector<Delivery>> send_in_turn(SlotsPtr slots,
                                                    std::vector<kafka::Message> messages,
                                                    std::optional<asio::awaitable<void>> cleared)
{
    if (!slots->broken.empty())
        throw kafka::Error{Fault::fatal, "simulated: may send no more: " + slots->broken};
    if (slots->sending) throw std::logic_error{"two sends at once"};
    if (messages.empty()) {
        if (cleared) co_await std::move(*cleared);
        co_return std::vector<Delivery>{};
    }
    slots->sending = true;
    if (slots->identities.empty()) co_await take_ids(slots);
    const std::size_t slot = slots->next;
    slots->next = (slot + 1) % slots->identities.size();
    const std::shared_ptr<Sending> sending = make_sending(std::move(messages));
    Started<bool> joining{co_await asio::this_coro::executor, join(slots, slot, sending)};
    if (cleared) co_await std::move(*cleared);
    co_await joining.get();
    co_await send_all(slots, slot, sending);
    if (slots->broker.world().plan.transactional) co_await decide(slots, slot, sending);
    else if (sending->faulty) slots->broken = "a message failed";
    slots->sending = false;
    co_return std::move(sending->deliveries);
}

asio::awaitable<void> close_open(SlotsPtr slots, std::vector<kafka::TopicPartition> partitions,
                                 TimePoint deadline)
{
    World& world = slots->broker.world();
    world.count("hanging transaction repaired");
    const bool wrong = world.plan.variant == Variant::repair_by_commit;
    for (std::size_t slot = 0; slot < slots->identities.size(); ++slot) {
        std::vector<kafka::Message> empty;
        for (const kafka::TopicPartition& partition : partitions)
            empty.push_back({partition.topic, partition.partition, {}, {}, {}});
        const std::shared_ptr<Sending> sending = make_sending(std::move(empty));
        co_await join(slots, slot, sending);
        co_await send_all(slots, slot, sending);
        if (sending->faulty)
            throw kafka::Error{Fault::unavailable, "simulated: the repair was not stored"};
        const Decision decision = wrong ? Decision::committed : Decision::aborted;
        if (const auto fault = co_await end(slots, slot, decision, deadline))
            throw kafka::Error{*fault, "simulated: the repair did not end"};
    }
}

class SimProducer final : public kafka::Producer {
public:
    explicit SimProducer(SlotsPtr slots) : slots_{std::move(slots)} {}
    ~SimProducer() override { slots_->broken = "it was closed"; }

    asio::awaitable<std::vector<Delivery>> send(std::vector<kafka::Message> messages) override
    {
        return send_in_turn(slots_, std::move(messages), std::nullopt);
    }
    Duration hold_most() const override { return slots_->broker.world().plan.message_timeout / 2; }
    asio::awaitable<std::vector<Delivery>> send_once_cleared(std::vector<kafka::Message> messages,
                                                             asio::awaitable<void> cleared) override
    {
        return send_in_turn(slots_, std::move(messages), std::move(cleared));
    }
    asio::awaitable<void> prime(std::vector<std::string>, TimePoint) override { co_return; }
    asio::awaitable<void> abort_into(std::vector<kafka::TopicPartition> partitions,
                                     TimePoint deadline) override
    {
        if (!slots_->broker.world().plan.transactional)
            throw kafka::Error{Fault::fatal, "simulated: an idempotent producer has no ids"};
        return close_open(slots_, std::move(partitions), deadline);
    }

private:
    SlotsPtr slots_;
};

}  // namespace

asio::awaitable<std::unique_ptr<kafka::Producer>> open_producer(Broker& broker, LaneId lane,
                                                                bool one_by_one)
{
    const auto slots = std::make_shared<Slots>(broker, lane, one_by_one);
    auto producer = std::make_unique<SimProducer>(slots);
    World& world = broker.world();
    if (!world.plan.transactional) {
        if (!broker.link().up) throw kafka::Error{Fault::unavailable, "simulated: no broker"};
        slots->identities.push_back({broker.new_idempotent(), {}});
    } else if (world.plan.variant != Variant::tails_before_fencing) co_await take_ids(slots);
    co_return producer;
}

}  // namespace exchange::sim
