#include "outbox/preflight.hpp"

#include <fmt/format.h>

namespace exchange::outbox {
namespace {

// What an event with the longest allowed names takes, with room to spare.
constexpr std::int64_t event_bytes_max = 16 * 1024;

obs::Status failed(std::string cause, std::string remedy)
{
    return {obs::Condition::failed, std::move(cause), std::move(remedy)};
}

obs::Status judge_topic(const kafka::TopicSpec& spec, const kafka::TopicState* topic,
                        const Layout& layout)
{
    if (!topic)
        return failed(fmt::format("topic {} does not exist", spec.name),
                      "Create it: exchange topics apply. Its events wait meanwhile and are "
                      "published by themselves; those of other topics flow");
    if (topic->partitions != layout.partitions)
        return failed(fmt::format("topic {} has {} partitions, this database is laid out for {}",
                                  spec.name, topic->partitions, layout.partitions),
                      "Per-key order depends on the count: make the topic anew with that many "
                      "partitions, or restore the one that was there");
    if (topic->max_message_bytes && *topic->max_message_bytes < event_bytes_max)
        return failed(fmt::format("topic {} takes messages up to {} bytes, events may have {}",
                                  spec.name, *topic->max_message_bytes, event_bytes_max),
                      fmt::format("Raise max.message.bytes of {}", spec.name));
    if (topic->cleanup_policy && topic->cleanup_policy->find("compact") != std::string::npos)
        return {obs::Condition::degraded,
                fmt::format("topic {} is compacted: events of a record may vanish", spec.name),
                fmt::format("Set cleanup.policy=delete on {}", spec.name)};
    return {};
}

constexpr const char* wrong_cluster_remedy =
    "Correct KAFKA_BROKERS or DATABASE_URL. To publish to another cluster for good, compare with "
    "exchange reconcile, then run exchange pins accept kafka_cluster_id "
    "(docs/runbook/lane-halted.md)";

}  // namespace

std::map<std::string, obs::Status> judge_cluster(const kafka::ClusterState& cluster,
                                                 const std::string& pinned_cluster,
                                                 const Layout& layout,
                                                 const std::vector<kafka::TopicSpec>& contract)
{
    std::map<std::string, obs::Status> found;
    if (!pinned_cluster.empty() && pinned_cluster != cluster.cluster_id)
        found["kafka"] = failed(
            fmt::format("KAFKA_BROKERS leads to cluster {}, but this database publishes to {}",
                        cluster.cluster_id, pinned_cluster),
            wrong_cluster_remedy);
    else found["kafka"] = {};
    for (const kafka::TopicSpec& spec : contract) {
        const auto topic = cluster.topics.find(spec.name);
        found["topic/" + spec.name] =
            judge_topic(spec, topic == cluster.topics.end() ? nullptr : &topic->second, layout);
    }
    return found;
}

std::optional<Halt> judge_belonging(const kafka::ClusterState& cluster,
                                    const std::string& pinned_cluster, const Layout& layout,
                                    const std::vector<kafka::TopicSpec>& contract)
{
    const auto judged = judge_cluster(cluster, pinned_cluster, layout, contract);
    const auto halt = [&](const std::string& component) {
        const obs::Status& status = judged.at(component);
        return Halt{status.cause, status.remedy};
    };
    if (!pinned_cluster.empty() && pinned_cluster != cluster.cluster_id) return halt("kafka");
    for (const kafka::TopicSpec& spec : contract) {
        const auto topic = cluster.topics.find(spec.name);
        if (topic != cluster.topics.end() && topic->second.partitions != layout.partitions)
            return halt("topic/" + spec.name);
    }
    return std::nullopt;
}

std::int64_t least_message_bytes(const kafka::ClusterState& cluster)
{
    std::int64_t least = 0;
    for (const auto& [name, topic] : cluster.topics) {
        const std::int64_t bytes = topic.max_message_bytes.value_or(0);
        if (bytes > 0 && (least == 0 || bytes < least)) least = bytes;
    }
    return least;
}

std::map<std::string, obs::Status> judge_failure(const kafka::Error& failure)
{
    const bool denied = failure.fault() == kafka::Fault::denied;
    obs::Status status;
    status.condition = obs::Condition::failed;
    status.cause = failure.what();
    status.remedy = denied ? "Check the credentials in KAFKA_* settings and the broker's ACLs"
                           : "Check that Kafka runs and KAFKA_BROKERS names it. Records are taken "
                             "meanwhile and published once it answers";
    return {{"kafka", std::move(status)}};
}

}  // namespace exchange::outbox
