#include "kafka/tails.hpp"

#include "kafka/classify.hpp"
#include "kafka/metadata.hpp"
#include "kafka/reader.hpp"
#include "kafka/tail_walk.hpp"
#include "kafka/threads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <thread>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

// Timestamps that ask the broker for a partition's ends (Kafka protocol, ListOffsets).
constexpr std::int64_t ask_latest = -1;
constexpr std::int64_t ask_earliest = -2;

// A broker that a partition was just given to may not know yet that it leads it.
constexpr auto leader_patience = std::chrono::seconds{2};
constexpr auto leader_pause = std::chrono::milliseconds{50};

bool lacks_leader(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

using Tails = std::map<TopicPartition, Tail>;

struct Progress {
    Tail tail;
    TailWalk walk{0, 0};
    bool done = false;
};
using Walks = std::map<TopicPartition, Progress>;

Error too_late(Client& client)
{
    client.note_waiting();
    return explain(client.trouble(), "Kafka tails", RD_KAFKA_RESP_ERR__TIMED_OUT);
}

void require_existing(Client& client, const std::vector<TopicPartition>& partitions,
                      TimePoint deadline)
{
    std::set<std::string> topics;
    for (const TopicPartition& partition : partitions) topics.insert(partition.topic);
    const auto counts = partition_counts(client, {topics.begin(), topics.end()}, deadline);
    for (const auto& [topic, partition] : partitions) {
        const auto count = counts.find(topic);
        if (count == counts.end()) throw missing_topic(topic);
        if (partition < 0 || partition >= count->second)
            throw make_error(fmt::format("Kafka {}[{}]", topic, partition),
                             RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
    }
}

// One request per broker for all partitions. The latest offset a reader of committed messages is
// told of is the last stable one.
std::map<TopicPartition, std::int64_t> query_offsets(Client& client,
                                                     const std::vector<TopicPartition>& partitions,
                                                     std::int64_t question, TimePoint deadline)
{
    const PartitionList list{
        rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
    for (const auto& [topic, partition] : partitions)
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
    const TimePoint patience = std::min(deadline, SteadyClock::now() + leader_patience);
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;
    do {
        if (lacks_leader(failed)) std::this_thread::sleep_for(leader_pause);
        for (auto& asked : std::span{list->elems, static_cast<std::size_t>(list->cnt)})
            asked.offset = question;
        failed = rd_kafka_offsets_for_times(client.handle(), list.get(), ms_until(deadline));
    } while (lacks_leader(failed) && SteadyClock::now() < patience);
    client.note_waiting();
    if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw explain(client.trouble(), "Kafka offsets", failed);
    std::map<TopicPartition, std::int64_t> offsets;
    for (const auto& answer : std::span{list->elems, static_cast<std::size_t>(list->cnt)}) {
        if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR)
            throw explain(client.trouble(),
                          fmt::format("Kafka {}[{}]", answer.topic, answer.partition), answer.err);
        offsets[{answer.topic, answer.partition}] = answer.offset;
    }
    return offsets;
}

Walks plan(Client& client, const std::vector<TopicPartition>& partitions, TimePoint deadline)
{
    const auto ends = query_offsets(client, partitions, ask_latest, deadline);
    const auto begins = query_offsets(client, partitions, ask_earliest, deadline);
    Walks walks;
    for (const TopicPartition& partition : partitions) {
        Progress& progress = walks[partition];
        progress.tail.begin = begins.at(partition);
        progress.tail.stable_end = ends.at(partition);
        progress.walk = TailWalk{progress.tail.begin, progress.tail.stable_end};
    }
    return walks;
}

// The end of the partition, as it was when we asked: what is written since is not ours to wait for.
void finish_or_go_back(Reading& reading, const TopicPartition& at, Progress& progress)
{
    if (!progress.tail.last) {
        if (const auto from = progress.walk.go_back()) {
            reading.seek(at.topic, at.partition, *from);
            return;
        }
    }
    progress.done = true;
}

void take(Reading& reading, const rd_kafka_message_t& message, Walks& walks)
{
    const TopicPartition at{message.rkt ? rd_kafka_topic_name(message.rkt) : "", message.partition};
    const auto found = walks.find(at);
    if (found == walks.end() || found->second.done) return;
    Progress& progress = found->second;
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return finish_or_go_back(reading, at, progress);
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        // A leader that moves or a broker that restarts is waited for until the deadline.
        if (classify(message.err) == Fault::unavailable) return;
        throw make_error(fmt::format("Kafka {}[{}]", at.topic, at.partition), message.err);
    }
    ++progress.tail.messages_read;
    if (message.offset < progress.tail.stable_end)
        progress.tail.last = Tail::Last{message.offset, headers_of(message)};
    if (message.offset + 1 >= progress.tail.stable_end) finish_or_go_back(reading, at, progress);
}

Tails collect(Client& client, Walks walks)
{
    Tails tails;
    for (auto& [at, progress] : walks) {
        // As of the last fetch: the high watermark, transactions in progress included.
        std::int64_t low = 0;
        std::int64_t high = 0;
        rd_kafka_get_watermark_offsets(client.handle(), at.topic.c_str(), at.partition, &low,
                                       &high);
        progress.tail.end = std::max(high, progress.tail.stable_end);
        tails[at] = std::move(progress.tail);
    }
    return tails;
}

Tails read(const ClientConfig& config, const std::vector<TopicPartition>& partitions,
           TimePoint deadline)
{
    if (partitions.empty()) return {};
    Client client = open_reader(config, Isolation::committed);
    require_existing(client, partitions, deadline);
    Walks walks = plan(client, partitions, deadline);
    Reading reading{client};
    for (auto& [at, progress] : walks)
        reading.start(at.topic, at.partition,
                      progress.walk.go_back().value_or(progress.tail.stable_end));
    const auto open = [&] {
        return std::ranges::any_of(walks, [](const auto& entry) { return !entry.second.done; });
    };
    while (open()) {
        const int wait_ms = ms_until(deadline);
        if (wait_ms == 0) throw too_late(client);
        if (const Received message = reading.next(wait_ms)) take(reading, *message, walks);
    }
    return collect(client, std::move(walks));
}

}  // namespace

asio::awaitable<Tails> read_tails(ClientConfig config, std::vector<TopicPartition> partitions,
                                  TimePoint deadline)
{
    std::function<Tails()> work = [config = std::move(config), partitions = std::move(partitions),
                                   deadline] { return read(config, partitions, deadline); };
    co_return co_await run_blocking(std::move(work), deadline);
}

}  // namespace exchange::kafka
