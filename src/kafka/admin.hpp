#pragma once

#include "base/time.hpp"
#include "kafka/client_config.hpp"
#include "kafka/errors.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What the broker says of itself and of topics, and making topics. Blocking librdkafka calls run on
// a thread of their own. Everything throws `Error`.
namespace exchange::kafka {

struct TopicState {
    std::int32_t partitions = 0;
    // From the topic's configuration; empty when we may not read it.
    std::optional<std::int64_t> max_message_bytes;
    std::optional<std::string> cleanup_policy;
};

struct ClusterState {
    std::string cluster_id;
    // Asked-for topics that exist.
    std::map<std::string, TopicState> topics;
};

boost::asio::awaitable<ClusterState>
cluster_state(ClientConfig config, std::vector<std::string> topics, TimePoint deadline);

struct TopicSpec {
    std::string name;
    std::int32_t partitions = 8;
    // -1: the broker's default.
    std::int16_t replication_factor = -1;
    std::map<std::string, std::string> config;
};

// Creates what is missing; existing topics are left as they are. Returns the names it created, once
// the broker shows them with a leader for each partition.
boost::asio::awaitable<std::vector<std::string>>
create_topics(ClientConfig config, std::vector<TopicSpec> topics, TimePoint deadline);

}  // namespace exchange::kafka
