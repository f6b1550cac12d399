#pragma once

#include "kafka/producer.hpp"

#include <map>

// Reads the end of partitions: what a new owner of a lane must know before it publishes.
namespace exchange::kafka {

struct Tail {
    // One past the last offset, and the first one still kept.
    std::int64_t end = 0;
    std::int64_t begin = 0;
    // Where reading committed messages ends. Below `end` while a transaction is undecided: then the
    // tail is not the last word yet.
    std::int64_t stable_end = 0;
    // How many messages it took to find the last one, those included that were read again.
    std::int64_t messages_read = 0;
    // Headers and offset of the last committed message; empty when the log holds none (never
    // written, or all of it past retention).
    struct Last {
        std::int64_t offset;
        std::map<std::string, std::string> headers;
    };
    std::optional<Last> last;
};

// One committed read of each partition's end: starts 8 offsets before it and goes back in growing
// steps over transaction markers and aborted batches. Blocking librdkafka calls run on a thread of
// their own. Throws `Error`: topic_missing for a topic or partition that does not exist,
// unavailable at the deadline.
boost::asio::awaitable<std::map<TopicPartition, Tail>>
read_tails(ClientConfig config, std::vector<TopicPartition> partitions, TimePoint deadline);

}  // namespace exchange::kafka
