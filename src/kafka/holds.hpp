#pragma once

#include "kafka/client.hpp"
#include "kafka/producer.hpp"

#include <vector>

// Messages that are handed to librdkafka and may not leave yet: those to a held partition join the
// producer's transaction and are not sent. Both calls block for librdkafka's main thread, some
// 50 us: called on one of `Threads`.
namespace exchange::kafka {

// True when all of them are held. Not so where librdkafka does not know a partition; and one that
// it forgets and meets again is held no more, so this is asked before each handing over.
bool hold(Client& client, const std::vector<TopicPartition>& partitions);

// What is held of them leaves now.
void release(Client& client, const std::vector<TopicPartition>& partitions);

}  // namespace exchange::kafka
