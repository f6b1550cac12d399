#include "kafka/admin.hpp"
#include "kafka/admin_call.hpp"
#include "kafka/metadata.hpp"
#include "kafka/reader.hpp"
#include "kafka/threads.hpp"

#include <charconv>
#include <span>
#include <string_view>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

std::string cluster_id(Client& client, TimePoint deadline)
{
    char* text = rd_kafka_clusterid(client.handle(), ms_until(deadline));
    if (!text) {
        client.note_waiting();
        throw explain(client.trouble(), "Kafka cluster id", RD_KAFKA_RESP_ERR__TIMED_OUT);
    }
    std::string id{text};
    rd_kafka_mem_free(client.handle(), text);
    return id;
}

void take_config(const rd_kafka_ConfigResource_t& resource, TopicState& topic)
{
    std::size_t count = 0;
    const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(&resource, &count);
    for (const rd_kafka_ConfigEntry_t* entry : std::span{entries, count}) {
        const std::string_view name = rd_kafka_ConfigEntry_name(entry);
        const char* raw = rd_kafka_ConfigEntry_value(entry);
        if (!raw) continue;
        const std::string_view value{raw};
        if (name == "cleanup.policy") topic.cleanup_policy = std::string{value};
        if (name != "max.message.bytes") continue;
        std::int64_t bytes = 0;
        const auto end = value.data() + value.size();
        if (std::from_chars(value.data(), end, bytes).ptr == end) topic.max_message_bytes = bytes;
    }
}

void add_configs(Client& client, std::map<std::string, TopicState>& topics, TimePoint deadline)
{
    std::vector<ConfigResource> resources;
    std::vector<rd_kafka_ConfigResource_t*> raw;
    for (const auto& [name, state] : topics) {
        resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
        raw.push_back(resources.back().get());
    }
    const AdminRequest describe = [&](const auto* options, auto* answers) {
        rd_kafka_DescribeConfigs(client.handle(), raw.data(), raw.size(), options, answers);
    };
    const Event answer = admin_call(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
                                    "Kafka topic configuration", describe, deadline);
    std::size_t count = 0;
    const rd_kafka_ConfigResource_t** found = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
    for (const rd_kafka_ConfigResource_t* resource : std::span{found, count}) {
        const auto topic = topics.find(rd_kafka_ConfigResource_name(resource));
        if (topic == topics.end()) continue;
        if (rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR)
            take_config(*resource, topic->second);
    }
}

ClusterState ask(const ClientConfig& config, const std::vector<std::string>& topics,
                 TimePoint deadline)
{
    Client client = open_reader(config, Isolation::committed);
    ClusterState state;
    // Metadata first: when no broker answers, its error says why.
    for (const auto& [name, partitions] : partition_counts(client, topics, deadline))
        state.topics[name].partitions = partitions;
    state.cluster_id = cluster_id(client, deadline);
    if (state.topics.empty()) return state;
    try {
        add_configs(client, state.topics, deadline);
    } catch (const Error& error) {
        // Reading configurations is a right of its own, and not needed to publish.
        if (error.fault() != Fault::denied) throw;
    }
    return state;
}

}  // namespace

asio::awaitable<ClusterState> cluster_state(ClientConfig config, std::vector<std::string> topics,
                                            TimePoint deadline)
{
    std::function<ClusterState()> work = [config = std::move(config), topics = std::move(topics),
                                          deadline] { return ask(config, topics, deadline); };
    co_return co_await run_blocking(std::move(work), deadline);
}

}  // namespace exchange::kafka
