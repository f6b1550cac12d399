#pragma once

#include "kafka/client_config.hpp"
#include "kafka/handles.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// librdkafka's configuration from ours: our defaults, then the user's properties, then a check that
// what exactly-once depends on still stands.
namespace exchange::kafka {

using Property = std::pair<std::string, std::string>;

struct Presets {
    // The user's properties win over these.
    std::vector<Property> defaults;
    // A user's property that changes one of these (under any of its names) is refused.
    std::vector<Property> fixed;
    // Properties that a user may not set at all.
    std::vector<std::string> forbidden;
};

// Throws std::invalid_argument naming the property: unknown, bad value, or contradicting `fixed`;
// also when no broker is named.
Conf make_conf(const ClientConfig& config, const Presets& presets);

// The value in force; empty when the property has none.
std::string value_of(const rd_kafka_conf_t& conf, const std::string& name);

// What every client of ours wants: quick reconnects, events instead of callbacks and stderr.
std::vector<Property> common_defaults();

}  // namespace exchange::kafka
