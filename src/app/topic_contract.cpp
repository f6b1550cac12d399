#include "app/topic_contract.hpp"

#include "app/topics_toml.hpp"

#include <toml++/toml.h>

#include <stdexcept>

namespace exchange::app {
namespace {

kafka::TopicSpec read_topic(const toml::table& table, const std::string& prefix)
{
    kafka::TopicSpec spec;
    spec.name = prefix + table["name"].value<std::string>().value();
    spec.partitions = table["partitions"].value<std::int32_t>().value();
    if (const toml::table* config = table["config"].as_table())
        for (const auto& [key, value] : *config)
            spec.config[std::string{key.str()}] =
                value.is_string() ? value.value<std::string>().value()
                                  : std::to_string(value.value<std::int64_t>().value());
    return spec;
}

}  // namespace

std::vector<kafka::TopicSpec> topic_contract(const std::string& prefix)
{
    const toml::table contract = toml::parse(topics_toml);
    const toml::array* topics = contract["topic"].as_array();
    if (!topics) throw std::logic_error{"contracts/topics.toml has no [[topic]]"};
    std::vector<kafka::TopicSpec> specs;
    for (const toml::node& topic : *topics) specs.push_back(read_topic(*topic.as_table(), prefix));
    return specs;
}

std::vector<std::string> topic_names(const std::vector<kafka::TopicSpec>& topics)
{
    std::vector<std::string> names;
    for (const kafka::TopicSpec& topic : topics) names.push_back(topic.name);
    return names;
}

}  // namespace exchange::app
