#pragma once

#include "kafka/client.hpp"
#include "kafka/producer.hpp"

#include <set>
#include <vector>

// Which partitions of a librdkafka producer are held: messages to them join its transaction, and do
// not leave. Each call blocks for librdkafka's main thread, some 50 us: called on one of
// `Threads`, one at a time.
namespace exchange::kafka {

class Holds {
public:
    // True when all of them are held now; not so where librdkafka does not know the partition yet.
    bool hold(Client& client, const std::vector<TopicPartition>& partitions);

    // Whatever of them is held leaves now.
    void release(Client& client, const std::vector<TopicPartition>& partitions);

    bool any(const std::vector<TopicPartition>& partitions) const;
    bool all(const std::vector<TopicPartition>& partitions) const;

private:
    std::set<TopicPartition> held_;
};

}  // namespace exchange::kafka
