#include "sim/broker.hpp"

#include "sim/headers.hpp"

#include <algorithm>

namespace exchange::sim {

using namespace std::chrono_literals;

std::int64_t PartitionLog::stable_end() const
{
    std::int64_t stable = end();
    for (const auto& [producer, first] : open) stable = std::min(stable, first);
    return stable;
}

std::optional<ProducerName> Broker::take_id(const std::string& id)
{
    Transaction& transaction = transactions_[id];
    if (transaction.id == 0) transaction.id = ++last_producer_;
    if (transaction.finishing()) return std::nullopt;
    ++transaction.epoch;
    if (transaction.state == State::ongoing) {
        world_.count("open transaction aborted by its successor");
        decide(id, transaction, State::aborting);
        return std::nullopt;
    }
    transaction.state = State::empty;
    world_.trace("id taken", transaction.id, transaction.epoch);
    return ProducerName{id, transaction.id, transaction.epoch};
}

ProducerName Broker::new_idempotent()
{
    return ProducerName{{}, ++last_producer_, 0};
}

std::optional<ProduceAnswer::Kind> Broker::refusal(const ProduceRequest& request)
{
    if (request.producer.transactional_id.empty()) return std::nullopt;
    const Transaction& transaction = transactions_[request.producer.transactional_id];
    if (transaction.epoch != request.producer.epoch) {
        world_.count("fenced at produce");
        return ProduceAnswer::Kind::fenced;
    }
    if (transaction.finishing()) return ProduceAnswer::Kind::again;
    if (transaction.state != State::ongoing ||
        !transaction.partitions.contains(request.partition)) {
        world_.count("produced outside of a transaction");
        return ProduceAnswer::Kind::not_enlisted;
    }
    return std::nullopt;
}

EnlistAnswer Broker::enlist(const ProducerName& producer,
                            const std::set<kafka::TopicPartition>& partitions)
{
    const std::string& id = producer.transactional_id;
    Transaction& transaction = transactions_[id];
    if (transaction.epoch != producer.epoch) return EnlistAnswer::fenced;
    if (transaction.finishing()) return EnlistAnswer::again;
    if (transaction.state == State::ongoing) {
        transaction.partitions.insert(partitions.begin(), partitions.end());
        return EnlistAnswer::done;
    }
    transaction.state = State::ongoing;
    transaction.partitions = partitions;
    const int number = ++transaction.number;
    world_.timeline.after(world_.plan.transaction_timeout, [this, id, number] {
        Transaction& late = transactions_[id];
        if (late.number != number || late.state != State::ongoing) return;
        ++late.epoch;
        world_.count("transaction timed out");
        decide(id, late, State::aborting);
    });
    return EnlistAnswer::done;
}

ProduceAnswer Broker::produce(const ProduceRequest& request)
{
    if (const auto refused = refusal(request)) return {*refused, -1};
    PartitionLog& log = logs_[request.partition];
    PartitionLog::Writer& writer = log.writers[request.producer.id];
    if (request.producer.epoch > writer.epoch)
        writer = PartitionLog::Writer{request.producer.epoch, 0, {}};
    if (const auto copy = writer.batches.find(request.first_sequence);
        copy != writer.batches.end()) {
        world_.count("copy told by its sequence number");
        const bool forgotten = world_.dice.chance(world_.plan.forgotten_offset);
        return {ProduceAnswer::Kind::stored, forgotten ? -1 : copy->second};
    }
    const bool transactional = !request.producer.transactional_id.empty();
    if (request.first_sequence != writer.next_sequence)
        return {ProduceAnswer::Kind::out_of_order, -1};
    for (const auto& message : request.messages)
        if (is_poison(world_, *message)) return {ProduceAnswer::Kind::poison, -1};

    const std::int64_t offset = log.end();
    writer.batches[request.first_sequence] = offset;
    writer.next_sequence += static_cast<int>(request.messages.size());
    if (transactional) log.open.try_emplace(request.producer.id, offset);
    for (const auto& message : request.messages) {
        if (on_stored) on_stored(request.partition, log.end(), *message);
        LogEntry entry;
        entry.decision = transactional ? Decision::open : Decision::committed;
        entry.producer = request.producer.id;
        entry.epoch = request.producer.epoch;
        entry.message = message;
        log.entries.push_back(std::move(entry));
    }
    world_.trace("stored", request.partition.partition, offset);
    return {ProduceAnswer::Kind::stored, offset};
}

EndAnswer Broker::end(const ProducerName& producer, Decision decision)
{
    Transaction& transaction = transactions_[producer.transactional_id];
    if (transaction.epoch != producer.epoch) {
        world_.count("fenced at the end of a transaction");
        return EndAnswer::fenced;
    }
    const bool commit = decision == Decision::committed;
    switch (transaction.state) {
    case State::ongoing:
        world_.count(commit ? "transaction committed" : "transaction aborted");
        decide(producer.transactional_id, transaction,
               commit ? State::committing : State::aborting);
        return EndAnswer::done;
    case State::committing:
    case State::aborting:
        return EndAnswer::again;
    case State::empty:
        return EndAnswer::done;
    case State::committed:
        return commit ? EndAnswer::done : EndAnswer::fenced;
    case State::aborted:
        return commit ? EndAnswer::fenced : EndAnswer::done;
    }
    return EndAnswer::fenced;
}

void Broker::decide(const std::string& id, Transaction& transaction, State state)
{
    transaction.state = state;
    if (state == State::committing)
        for (const kafka::TopicPartition& partition : transaction.partitions)
            for (LogEntry& entry : logs_[partition].entries)
                if (entry.producer == transaction.id && entry.decision == Decision::open)
                    entry.commit_decided = true;
    world_.trace(state == State::committing ? "committing" : "aborting", transaction.id,
                 transaction.epoch);
    write_markers(id);
}

Duration Broker::marker_pause()
{
    if (!world_.calm && world_.dice.chance(world_.plan.late_markers)) {
        world_.count("late marker");
        return world_.dice.between(Duration{1}, Duration{3s});
    }
    return world_.dice.between(Duration{1}, Duration{20ms});
}

void Broker::write_markers(const std::string& id)
{
    Transaction& transaction = transactions_[id];
    const bool may_be_lost =
        transaction.state == State::aborting || world_.plan.variant == Variant::lost_commit_markers;
    if (may_be_lost && !world_.calm && world_.dice.chance(world_.plan.lost_markers)) {
        std::erase_if(transaction.partitions, [this](const auto&) {
            const bool lost = world_.dice.chance(0.5);
            if (lost) world_.count("lost marker");
            return lost;
        });
    }
    for (const kafka::TopicPartition& partition : transaction.partitions)
        world_.timeline.after(marker_pause(),
                              [this, id, partition, life = life_, number = transaction.number] {
                                  if (life == life_) write_marker(id, number, partition);
                              });
    finish_if_marked(id);
}

void Broker::write_marker(const std::string& id, int number, const kafka::TopicPartition& partition)
{
    Transaction& transaction = transactions_[id];
    if (transaction.number != number || !transaction.finishing()) return;
    if (transaction.partitions.erase(partition) == 0) return;
    const bool commit = transaction.state == State::committing;
    mark(logs_[partition], transaction.id, transaction.epoch,
         commit ? Decision::committed : Decision::aborted);
    world_.trace(commit ? "commit marker" : "abort marker", partition.partition, transaction.id);
    finish_if_marked(id);
}

void Broker::finish_if_marked(const std::string& id)
{
    Transaction& transaction = transactions_[id];
    if (!transaction.partitions.empty()) return;
    transaction.state = transaction.state == State::committing ? State::committed : State::aborted;
}

void Broker::mark(PartitionLog& log, ProducerId producer, int epoch, Decision decision)
{
    PartitionLog::Writer& writer = log.writers[producer];
    if (epoch > writer.epoch) writer = PartitionLog::Writer{epoch, 0, {}};
    if (const auto open = log.open.find(producer); open != log.open.end()) {
        for (auto at = static_cast<std::size_t>(open->second); at < log.entries.size(); ++at) {
            LogEntry& entry = log.entries[at];
            if (entry.producer != producer || entry.decision != Decision::open) continue;
            entry.decision = decision;
            entry.commit_decided = decision == Decision::committed;
        }
        log.open.erase(open);
    }
    LogEntry marker;
    marker.kind = decision == Decision::committed ? LogEntry::Kind::commit_marker
                                                  : LogEntry::Kind::abort_marker;
    marker.decision = decision;
    marker.producer = producer;
    marker.epoch = epoch;
    log.entries.push_back(std::move(marker));
}

bool Broker::nothing_open() const
{
    const auto open = [](const auto& entry) { return !entry.second.open.empty(); };
    return std::ranges::none_of(logs_, open);
}

void Broker::crash()
{
    world_.trace("kafka crashed");
    world_.count("kafka crash");
    link_.up = false;
    ++life_;
}

// What was decided and not marked everywhere is marked now, or never (see above).
void Broker::restart()
{
    link_.up = true;
    for (auto& [id, transaction] : transactions_)
        if (transaction.finishing()) write_markers(id);
}

void Broker::forget(const kafka::TopicPartition& partition, std::int64_t before)
{
    PartitionLog& log = logs_[partition];
    log.begin = std::max(log.begin, std::min(before, log.stable_end()));
    world_.count("log emptied by retention");
    world_.trace("forgotten", partition.partition, log.begin);
}

}  // namespace exchange::sim
