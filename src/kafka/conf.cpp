#include "kafka/conf.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace exchange::kafka {
namespace {

// librdkafka's texts name the property and, for enumerations and ranges, the rejected value; values
// of secrets are free text, which it never rejects.
void set(rd_kafka_conf_t& conf, const Property& property)
{
    std::array<char, 512> text{};
    const auto& [name, value] = property;
    if (rd_kafka_conf_set(&conf, name.c_str(), value.c_str(), text.data(), text.size()) ==
        RD_KAFKA_CONF_OK)
        return;
    throw std::invalid_argument{
        fmt::format("Kafka property {}: {}. Hint: KAFKA_* settings are librdkafka properties in "
                    "capitals with _ for each dot; correct or remove this one.",
                    name, text.data())};
}

[[noreturn]] void refuse(const std::string& name, const std::string& needed)
{
    throw std::invalid_argument{
        fmt::format("Kafka property {} must be {}: publishing exactly once depends on it. "
                    "Hint: remove the KAFKA_* setting that changes it.",
                    name, needed)};
}

}  // namespace

std::string value_of(const rd_kafka_conf_t& conf, const std::string& name)
{
    std::array<char, 4096> text{};
    std::size_t size = text.size();
    if (rd_kafka_conf_get(&conf, name.c_str(), text.data(), &size) != RD_KAFKA_CONF_OK) return {};
    return text.data();
}

std::vector<Property> common_defaults()
{
    return {
        {"log.queue", "true"},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        {"socket.connection.setup.timeout.ms", "5000"},
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
        {"retry.backoff.ms", "5"},
        {"topic.metadata.refresh.interval.ms", "5000"},
        {"topic.metadata.refresh.fast.interval.ms", "50"},
        // How long a topic may be unknown after it was first used: long enough for a topic just
        // made to reach every broker, short enough to name a missing one within seconds.
        {"topic.metadata.propagation.max.ms", "3000"},
        {"statistics.interval.ms", "0"},
    };
}

Conf make_conf(const ClientConfig& config, const Presets& presets)
{
    Conf conf{rd_kafka_conf_new()};
    if (!config.brokers.empty()) set(*conf, {"bootstrap.servers", config.brokers});
    set(*conf, {"client.id", config.client_id});
    for (const Property& property : presets.defaults) set(*conf, property);
    std::vector<std::string> fixed_values;
    for (const Property& property : presets.fixed) {
        set(*conf, property);
        fixed_values.push_back(value_of(*conf, property.first));
    }
    for (const std::string& name : presets.forbidden)
        if (config.properties.contains(name)) refuse(name, "left unset");
    for (const Property property : config.properties) set(*conf, property);

    // Compared as librdkafka reads them, so that "-1" and "all", and a property's other names, are
    // seen through.
    for (std::size_t i = 0; i < fixed_values.size(); ++i) {
        const auto& [name, needed] = presets.fixed[i];
        if (value_of(*conf, name) != fixed_values[i]) refuse(name, needed);
    }
    if (value_of(*conf, "bootstrap.servers").empty())
        throw std::invalid_argument{"No Kafka broker is named. Hint: set KAFKA_BROKERS to "
                                    "host:port, more of them separated by commas."};
    return conf;
}

}  // namespace exchange::kafka
