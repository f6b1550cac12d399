#pragma once

#include "kafka/admin.hpp"
#include "obs/health.hpp"
#include "outbox/layout.hpp"
#include "outbox/takeover.hpp"

#include <map>
#include <optional>
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

// The least max.message.bytes of the topics that are there; 0 where the broker does not tell.
std::int64_t least_message_bytes(const kafka::ClusterState& cluster);

// The broker could not be asked at all.
std::map<std::string, obs::Status> judge_failure(const kafka::Error& failure);

// Why no lane may publish to this cluster, or nothing: it is not the pinned one, or a topic has
// another partition count than the layout. A topic that is missing holds nobody else up.
std::optional<Halt> judge_belonging(const kafka::ClusterState& cluster,
                                    const std::string& pinned_cluster, const Layout& layout,
                                    const std::vector<kafka::TopicSpec>& contract);

}  // namespace exchange::outbox
