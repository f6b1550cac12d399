#pragma once

#include "kafka/admin.hpp"

#include <string>
#include <vector>

namespace exchange::app {

// The topics that this exchange publishes to, from contracts/topics.toml, which the build embeds;
// each name with `prefix` before it.
std::vector<kafka::TopicSpec> topic_contract(const std::string& prefix);

std::vector<std::string> topic_names(const std::vector<kafka::TopicSpec>& topics);

}  // namespace exchange::app
