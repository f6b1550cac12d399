#pragma once

#include "kafka/admin.hpp"
#include "obs/health.hpp"
#include "outbox/layout.hpp"

#include <map>
#include <string>
#include <vector>

// Tells wrong settings of Kafka by name, with the remedy: what the relay would otherwise run into
// one retry at a time. The judgement is pure; `app` asks the broker and shows the result.
namespace exchange::outbox {

// `pinned_cluster` is the cluster this database was first used with; empty: none yet. One entry for
// `kafka` and one a topic (`topic/<name>`).
std::map<std::string, obs::Status> judge_cluster(const kafka::ClusterState& cluster,
                                                 const std::string& pinned_cluster,
                                                 const Layout& layout,
                                                 const std::vector<kafka::TopicSpec>& contract);

// The broker could not be asked at all.
std::map<std::string, obs::Status> judge_failure(const kafka::Error& failure);

// Remembers the first value seen for `name` and answers the one that is pinned.
boost::asio::awaitable<std::string> pin(pg::Session& session, std::string name, std::string value,
                                        TimePoint deadline);

// The pinned value; empty when there is none.
boost::asio::awaitable<std::string> pinned(pg::Session& session, std::string name,
                                           TimePoint deadline);

}  // namespace exchange::outbox
