#include "kafka/holds.hpp"

#include "kafka/handles.hpp"

#include <algorithm>

namespace exchange::kafka {
namespace {

PartitionList list_of(const std::vector<TopicPartition>& partitions)
{
    PartitionList list{rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
    for (const TopicPartition& one : partitions)
        rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.partition);
    return list;
}

}  // namespace

bool Holds::any(const std::vector<TopicPartition>& partitions) const
{
    return std::ranges::any_of(partitions, [this](const auto& one) { return held_.contains(one); });
}

bool Holds::all(const std::vector<TopicPartition>& partitions) const
{
    return std::ranges::all_of(partitions, [this](const auto& one) { return held_.contains(one); });
}

bool Holds::hold(Client& client, const std::vector<TopicPartition>& partitions)
{
    if (all(partitions)) return true;
    const PartitionList list = list_of(partitions);
    rd_kafka_pause_partitions(client.handle(), list.get());
    for (int at = 0; at < list->cnt; ++at) {
        const rd_kafka_topic_partition_t& one = list->elems[at];
        if (one.err == RD_KAFKA_RESP_ERR_NO_ERROR) held_.insert({one.topic, one.partition});
    }
    return all(partitions);
}

void Holds::release(Client& client, const std::vector<TopicPartition>& partitions)
{
    if (!any(partitions)) return;
    const PartitionList list = list_of(partitions);
    rd_kafka_resume_partitions(client.handle(), list.get());
    for (const TopicPartition& one : partitions) held_.erase(one);
    // Resuming wakes nobody: a broker's thread would look again within a second. This does, and
    // waits for nothing.
    rd_kafka_flush(client.handle(), 0);
}

}  // namespace exchange::kafka
