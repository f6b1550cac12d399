#include "kafka/admin.hpp"
#include "kafka/admin_call.hpp"
#include "kafka/classify.hpp"
#include "kafka/metadata.hpp"
#include "kafka/reader.hpp"
#include "kafka/threads.hpp"

#include <fmt/format.h>

#include <array>
#include <span>
#include <thread>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

constexpr auto visible_pause = std::chrono::milliseconds{20};

NewTopic make_request(const TopicSpec& spec)
{
    std::array<char, 256> text{};
    NewTopic topic{rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions,
                                         spec.replication_factor, text.data(), text.size())};
    if (!topic)
        throw make_error(fmt::format("Kafka topic '{}'", spec.name), RD_KAFKA_RESP_ERR__INVALID_ARG,
                         text.data());
    for (const auto& [name, value] : spec.config) {
        const rd_kafka_resp_err_t failed =
            rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
        if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
            throw make_error(fmt::format("Kafka topic '{}', setting {}", spec.name, name), failed);
    }
    return topic;
}

std::vector<std::string> created_names(const rd_kafka_event_t& answer)
{
    std::size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(const_cast<rd_kafka_event_t*>(&answer)), &count);
    std::vector<std::string> created;
    for (const rd_kafka_topic_result_t* result : std::span{results, count}) {
        const rd_kafka_resp_err_t failed = rd_kafka_topic_result_error(result);
        const char* name = rd_kafka_topic_result_name(result);
        if (failed == RD_KAFKA_RESP_ERR_NO_ERROR) {
            created.emplace_back(name);
        } else if (failed != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            const char* detail = rd_kafka_topic_result_error_string(result);
            throw make_error(fmt::format("Kafka topic '{}' was not created", name), failed,
                             detail ? detail : "");
        }
    }
    return created;
}

// The controller knows a topic before the brokers do.
void wait_until_visible(Client& client, const std::vector<std::string>& topics, TimePoint deadline)
{
    while (partition_counts(client, topics, deadline).size() < topics.size()) {
        if (SteadyClock::now() + visible_pause >= deadline)
            throw make_error("Kafka topics were created but are not visible yet",
                             RD_KAFKA_RESP_ERR__TIMED_OUT);
        std::this_thread::sleep_for(visible_pause);
    }
}

std::vector<std::string> create(const ClientConfig& config, const std::vector<TopicSpec>& topics,
                                TimePoint deadline)
{
    if (topics.empty()) return {};
    std::vector<NewTopic> requests;
    std::vector<rd_kafka_NewTopic_t*> raw;
    for (const TopicSpec& spec : topics) {
        requests.push_back(make_request(spec));
        raw.push_back(requests.back().get());
    }
    Client client = open_reader(config, Isolation::committed);
    const AdminRequest request = [&](const auto* options, auto* answers) {
        rd_kafka_CreateTopics(client.handle(), raw.data(), raw.size(), options, answers);
    };
    const Event answer = admin_call(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, "Kafka topic creation",
                                    request, deadline);
    std::vector<std::string> created = created_names(*answer);
    if (!created.empty()) wait_until_visible(client, created, deadline);
    return created;
}

}  // namespace

asio::awaitable<std::vector<std::string>>
create_topics(ClientConfig config, std::vector<TopicSpec> topics, TimePoint deadline)
{
    using Names = std::vector<std::string>;
    std::function<Names()> work = [config = std::move(config), topics = std::move(topics),
                                   deadline] { return create(config, topics, deadline); };
    co_return co_await run_blocking(std::move(work), deadline);
}

}  // namespace exchange::kafka
