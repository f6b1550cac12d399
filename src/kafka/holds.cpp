#include "kafka/holds.hpp"

#include "kafka/handles.hpp"

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

bool hold(Client& client, const std::vector<TopicPartition>& partitions)
{
    const PartitionList list = list_of(partitions);
    rd_kafka_pause_partitions(client.handle(), list.get());
    bool all = true;
    for (int at = 0; at < list->cnt; ++at) all &= list->elems[at].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    return all;
}

void release(Client& client, const std::vector<TopicPartition>& partitions)
{
    const PartitionList list = list_of(partitions);
    rd_kafka_resume_partitions(client.handle(), list.get());
    // Resuming wakes nobody: a broker's thread would look again within a second. This does, and
    // waits for nothing.
    rd_kafka_flush(client.handle(), 0);
}

}  // namespace exchange::kafka
