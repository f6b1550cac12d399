#include "sim/event_log.hpp"

#include "sim/producer.hpp"

namespace exchange::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using Partitions = std::vector<kafka::TopicPartition>;
using Tails = std::map<kafka::TopicPartition, kafka::Tail>;

kafka::Tail::Last last_of(const LogEntry& entry, std::int64_t offset)
{
    kafka::Tail::Last last;
    last.offset = offset;
    last.headers = {entry.message->headers.begin(), entry.message->headers.end()};
    return last;
}

// The last committed message before the end that was asked for first.
std::optional<kafka::Tail::Last> find_last(const PartitionLog& log, std::int64_t stable_end)
{
    for (std::int64_t offset = stable_end - 1; offset >= log.begin; --offset) {
        const LogEntry& entry = log.entries[static_cast<std::size_t>(offset)];
        if (entry.kind == LogEntry::Kind::data && entry.decision == Decision::committed)
            return last_of(entry, offset);
    }
    return std::nullopt;
}

asio::awaitable<Tails> ask(Broker& broker, std::function<Tails()> question)
{
    const auto serve = [question](const Responder<Tails>& answer) { answer(question()); };
    std::optional<Tails> answer =
        co_await request<Tails>(broker.world(), broker.link(), SteadyClock::now() + 5s, serve);
    if (!answer) throw kafka::Error{kafka::Fault::unavailable, "simulated: no answer from Kafka"};
    co_return std::move(*answer);
}

}  // namespace

asio::awaitable<std::unique_ptr<kafka::Producer>> SimEventLog::open(LaneId lane,
                                                                    kafka::Batching batching)
{
    return open_producer(broker_, lane, batching.one_by_one);
}

// As read_tails does: first where each partition ends for readers of committed messages, later what
// stands there and how far the log goes by then.
asio::awaitable<Tails> SimEventLog::tails(Partitions partitions)
{
    Broker* broker = &broker_;
    std::function<Tails()> ends = [broker, partitions] {
        Tails tails;
        for (const kafka::TopicPartition& partition : partitions) {
            tails[partition].begin = broker->log(partition).begin;
            tails[partition].stable_end = broker->log(partition).stable_end();
        }
        return tails;
    };
    const Tails known = co_await ask(broker_, std::move(ends));
    std::function<Tails()> records = [broker, known] {
        Tails tails = known;
        for (auto& [partition, tail] : tails) {
            const PartitionLog& log = broker->log(partition);
            tail.end = log.end();
            tail.last = find_last(log, tail.stable_end);
            const Variant variant = broker->world().plan.variant;
            if (variant == Variant::blind_to_open) tail.end = tail.stable_end;
            if (variant == Variant::no_pass_over) tail.last.reset();
        }
        return tails;
    };
    co_return co_await ask(broker_, std::move(records));
}

}  // namespace exchange::sim
