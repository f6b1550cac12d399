#pragma once

#include "kafka/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

// Which topics exist and how many partitions they have.
namespace exchange::kafka {

// Partition counts of the topics asked for that exist. Blocks until the brokers answered and, as
// far as the deadline allows, every partition has a leader. Throws `Error` when no broker answers
// or a topic is denied. It asks for all topics this client knows in one request.
std::map<std::string, std::int32_t>
partition_counts(Client& client, const std::vector<std::string>& topics, TimePoint deadline);

// Fetches the metadata of `topics` on another thread while the caller goes on using the client.
// Throws `Error`: topic_missing, denied, unavailable.
boost::asio::awaitable<void> prime_topics(std::shared_ptr<Client> client,
                                          std::vector<std::string> topics, TimePoint deadline);

Error missing_topic(const std::string& topic);

}  // namespace exchange::kafka
