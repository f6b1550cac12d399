#include "outbox/settled_tails.hpp"

#include "base/backoff.hpp"
#include "base/signal.hpp"

#include <fmt/format.h>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

using Partitions = std::vector<kafka::TopicPartition>;
using Tails = std::map<kafka::TopicPartition, kafka::Tail>;

constexpr Duration repair_patience = std::chrono::seconds{5};

Partitions undecided(const Tails& tails)
{
    Partitions open;
    for (const auto& [partition, tail] : tails)
        if (tail.stable_end < tail.end) open.push_back(partition);
    return open;
}

// Takes up the tails of partitions that were open, until none is or the patience is over.
asio::awaitable<void> wait_for_markers(EventLog& log, Tails& tails, SettlePatience patience)
{
    const TimePoint deadline = SteadyClock::now() + patience.markers;
    Backoff backoff{patience.pause, patience.pause_most};
    for (Partitions open = undecided(tails); !open.empty(); open = undecided(tails)) {
        if (SteadyClock::now() >= deadline) co_return;
        co_await sleep_until(SteadyClock::now() + backoff.pause());
        for (auto& [partition, tail] : co_await log.tails(std::move(open))) {
            tail.messages_read += tails[partition].messages_read;
            tails[partition] = std::move(tail);
        }
    }
}

}  // namespace

asio::awaitable<SettledTails> settled_tails(EventLog& log, kafka::Producer& producer,
                                            Partitions partitions, SettlePatience patience)
{
    SettledTails settled;
    settled.tails = co_await log.tails(std::move(partitions));
    co_await wait_for_markers(log, settled.tails, patience);
    settled.repaired = undecided(settled.tails);
    if (settled.repaired.empty()) co_return settled;

    co_await producer.abort_into(settled.repaired, SteadyClock::now() + repair_patience);
    co_await wait_for_markers(log, settled.tails, patience);
    if (const Partitions open = undecided(settled.tails); !open.empty())
        throw kafka::Error{
            kafka::Fault::unavailable,
            fmt::format("Kafka {}[{}] ends in a transaction that stays open though it was aborted. "
                        "Hint: look for other writers of this topic, and at the broker's log.",
                        open[0].topic, open[0].partition)};
    co_return settled;
}

}  // namespace exchange::outbox
