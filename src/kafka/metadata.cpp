#include "kafka/metadata.hpp"

#include "kafka/classify.hpp"
#include "kafka/threads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <thread>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

constexpr auto leaderless_pause = std::chrono::milliseconds{20};
// A request that a dying broker swallowed is asked again of another well before the deadline.
constexpr auto attempt_at_most = std::chrono::seconds{5};

struct Found {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::int32_t partitions = 0;
};

struct Lookup {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::map<std::string, Found> topics;
    bool leaderless = false;
};

Lookup ask(rd_kafka_t* handle, TimePoint deadline)
{
    const TimePoint attempt_end = std::min(deadline, SteadyClock::now() + attempt_at_most);
    const struct rd_kafka_metadata* raw = nullptr;
    Lookup lookup;
    // "0, nullptr": the topics this client knows, not all of the cluster.
    lookup.error = rd_kafka_metadata(handle, 0, nullptr, &raw, ms_until(attempt_end));
    const Metadata metadata{raw};
    if (lookup.error != RD_KAFKA_RESP_ERR_NO_ERROR) return lookup;
    for (const auto& topic : std::span{raw->topics, static_cast<std::size_t>(raw->topic_cnt)}) {
        lookup.topics[topic.topic] = {topic.err, topic.partition_cnt};
        lookup.leaderless |= topic.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
        const auto count = static_cast<std::size_t>(topic.partition_cnt);
        for (const auto& partition : std::span{topic.partitions, count})
            lookup.leaderless |= partition.leader < 0;
    }
    return lookup;
}

// Safe beside another thread that uses the client: only the handle is touched.
Lookup ask_until(rd_kafka_t* handle, TimePoint deadline)
{
    while (true) {
        Lookup lookup = ask(handle, deadline);
        const bool again = lookup.leaderless || classify(lookup.error) == Fault::unavailable;
        const bool complete = lookup.error == RD_KAFKA_RESP_ERR_NO_ERROR && !lookup.leaderless;
        if (complete || !again || SteadyClock::now() + leaderless_pause >= deadline) return lookup;
        std::this_thread::sleep_for(leaderless_pause);
    }
}

void make_known(Client& client, const std::vector<std::string>& topics)
{
    for (const std::string& topic : topics)
        if (!client.topic(topic))
            throw make_error(fmt::format("Kafka topic '{}'", topic), rd_kafka_last_error());
}

std::map<std::string, std::int32_t> existing(const Lookup& lookup, const Trouble& trouble,
                                             const std::vector<std::string>& topics)
{
    if (lookup.error != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw explain(trouble, "Kafka metadata", lookup.error);
    std::map<std::string, std::int32_t> counts;
    for (const std::string& topic : topics) {
        const auto found = lookup.topics.find(topic);
        if (found == lookup.topics.end()) continue;
        const auto [error, partitions] = found->second;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) counts[topic] = partitions;
        else if (classify(error) != Fault::topic_missing)
            throw make_error(fmt::format("Kafka topic '{}'", topic), error);
    }
    return counts;
}

}  // namespace

Error missing_topic(const std::string& topic)
{
    return make_error(fmt::format("Kafka topic '{}'", topic),
                      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

std::map<std::string, std::int32_t>
partition_counts(Client& client, const std::vector<std::string>& topics, TimePoint deadline)
{
    make_known(client, topics);
    const Lookup lookup = ask_until(client.handle(), deadline);
    client.note_waiting();
    return existing(lookup, client.trouble(), topics);
}

asio::awaitable<void> prime_topics(std::shared_ptr<Client> client, std::vector<std::string> topics,
                                   TimePoint deadline)
{
    make_known(*client, topics);
    std::function<Lookup()> look_up = [client, deadline] {
        return ask_until(client->handle(), deadline);
    };
    const Lookup lookup = co_await run_blocking(std::move(look_up), deadline);
    const auto counts = existing(lookup, client->trouble(), topics);
    for (const std::string& topic : topics)
        if (!counts.contains(topic)) throw missing_topic(topic);
}

}  // namespace exchange::kafka
