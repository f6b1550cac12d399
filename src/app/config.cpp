#include "app/config.hpp"

#include "app/settings.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace exchange::app {
namespace {

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string toml_value(const std::string& key, const toml::node& node)
{
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
    if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
    throw ConfigError{fmt::format("{} in the configuration file must be a text, a whole number or "
                                  "true/false. Hint: tables are used only for [kafka]",
                                  key)};
}

// KAFKA_SECURITY_PROTOCOL → security.protocol
std::string librdkafka_name(std::string_view variable)
{
    std::string name = lower(std::string{variable.substr(6)});
    std::replace(name.begin(), name.end(), '_', '.');
    return name;
}

Environment read_file(const std::string& toml_text, Config& config)
{
    Environment values;
    toml::table table;
    try {
        table = toml::parse(toml_text);
    } catch (const toml::parse_error& error) {
        throw ConfigError{fmt::format("the configuration file is not TOML: {} (line {})",
                                      error.description(), error.source().begin.line)};
    }
    for (const auto& [key, node] : table) {
        const std::string name{key.str()};
        if (name == "kafka" && node.is_table()) {
            for (const auto& [property, value] : *node.as_table())
                config.kafka.properties[std::string{property.str()}] =
                    toml_value("kafka." + std::string{property.str()}, value);
            continue;
        }
        values[name] = toml_value(name, node);
    }
    return values;
}

// security.protocol → KAFKA_SECURITY_PROTOCOL
std::string environment_name(const std::string& property)
{
    std::string name = "KAFKA_" + property;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c == '.' ? '_' : static_cast<char>(std::toupper(c));
    });
    return name;
}

// librdkafka has hundreds of properties, and more with each version: rather hide one too many.
bool is_secret(const std::string& property)
{
    constexpr std::array signs{"password",          "secret", "key", "pem", "jaas", "token",
                               "oauthbearer.config"};
    const std::string name = lower(property);
    return std::any_of(signs.begin(), signs.end(),
                       [&](const char* sign) { return name.find(sign) != std::string::npos; });
}

// Takes those of the environment, and shows them with those that the file gave.
void take_kafka_properties(const Environment& environment, LoadedConfig& loaded)
{
    auto& properties = loaded.config.kafka.properties;
    std::map<std::string, const char*> origins;
    for (const auto& [property, value] : properties) origins[property] = "file";
    for (const auto& [name, value] : environment) {
        if (!name.starts_with("KAFKA_") || name == "KAFKA_BROKERS") continue;
        properties[librdkafka_name(name)] = value;
        origins[librdkafka_name(name)] = "environment";
    }
    for (const auto& [property, value] : properties) {
        const bool hidden = is_secret(property) && !value.empty();
        loaded.settings.push_back({environment_name(property), hidden ? "(hidden)" : value,
                                   origins.at(property), "a property of librdkafka", ""});
    }
}

void check_together(const Config& config)
{
    if (!config.auth.jwt_secret.empty() && config.auth.jwt_secret.size() < 32)
        throw ConfigError{"JWT_SECRET is too short. Hint: it must have 32 bytes or more"};
    if (!config.auth.jwt_secret.empty() &&
        (config.auth.jwt_issuer.empty() || config.auth.jwt_audience.empty()))
        throw ConfigError{
            "JWT_SECRET is set, but JWT_ISSUER or JWT_AUDIENCE is not. Hint: all three "
            "are needed to accept a token"};
    if (!config.failpoints.empty() && !config.env_local)
        throw ConfigError{"EXCHANGE_FAILPOINTS injects faults. Hint: unset it, or, for a test, set "
                          "ENV=local"};
    if (config.body_bytes_max > config.limits.body_budget_bytes)
        throw ConfigError{"BODY_BUDGET_BYTES is below BODY_BYTES_MAX. Hint: the largest body must "
                          "fit into the budget"};
}

}  // namespace

LoadedConfig load_config(const std::string& toml_text, const Environment& environment)
{
    LoadedConfig loaded;
    Environment file = read_file(toml_text, loaded.config);
    for (const Setting& setting : all_settings()) {
        EffectiveSetting shown{setting.name, setting.fallback, "default", setting.description,
                               setting.fallback};
        if (const auto found = file.find(lower(setting.name)); found != file.end()) {
            shown.value = found->second;
            shown.origin = "file";
            file.erase(found);
        }
        if (const auto found = environment.find(setting.name); found != environment.end()) {
            shown.value = found->second;
            shown.origin = "environment";
        }
        setting.apply(loaded.config, shown.value);
        if (setting.secret && !shown.value.empty()) shown.value = "(hidden)";
        loaded.settings.push_back(std::move(shown));
    }
    if (!file.empty())
        throw ConfigError{fmt::format(
            "{} is not a setting. Hint: exchange check lists all there are", file.begin()->first)};
    take_kafka_properties(environment, loaded);
    loaded.config.relay.topic_prefix = loaded.config.topic_prefix;
    if (loaded.config.disk_path.empty()) loaded.config.admission.disk_free_bytes = 0;
    check_together(loaded.config);
    return loaded;
}

LoadedConfig load_config_from_process(const std::string& path)
{
    Environment environment;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view line{*entry};
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos)
            environment[std::string{line.substr(0, equals)}] = line.substr(equals + 1);
    }
    std::string file = path;
    if (file.empty() && environment.contains("EXCHANGE_CONFIG"))
        file = environment["EXCHANGE_CONFIG"];
    if (file.empty()) return load_config({}, environment);
    std::ifstream in{file};
    if (!in)
        throw ConfigError{
            fmt::format("the configuration file {} cannot be read. Hint: see --config "
                        "and EXCHANGE_CONFIG",
                        file)};
    std::ostringstream text;
    text << in.rdbuf();
    return load_config(text.str(), environment);
}

}  // namespace exchange::app
