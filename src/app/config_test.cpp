#include "app/config.hpp"

#include <gtest/gtest.h>

namespace exchange::app {
namespace {

std::string error_of(const std::string& toml, const Environment& environment)
{
    try {
        load_config(toml, environment);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

const EffectiveSetting& setting(const LoadedConfig& loaded, const std::string& name)
{
    for (const EffectiveSetting& setting : loaded.settings)
        if (setting.name == name) return setting;
    throw std::out_of_range{name};
}

TEST(Config, has_a_working_default_for_everything)
{
    const LoadedConfig loaded = load_config("", {});
    EXPECT_EQ(loaded.config.listen_addr, "127.0.0.1:8080");
    EXPECT_FALSE(loaded.config.env_local);
    EXPECT_EQ(setting(loaded, "LISTEN_ADDR").origin, "default");
}

TEST(Config, takes_the_environment_over_the_file)
{
    const std::string toml = "listen_addr = \"127.0.0.1:1\"\nqueue_max = 7\n";
    const LoadedConfig loaded = load_config(toml, {{"LISTEN_ADDR", "127.0.0.1:2"}});
    EXPECT_EQ(loaded.config.listen_addr, "127.0.0.1:2");
    EXPECT_EQ(setting(loaded, "LISTEN_ADDR").origin, "environment");
    EXPECT_EQ(loaded.config.group.queue_max, 7u);
    EXPECT_EQ(setting(loaded, "QUEUE_MAX").origin, "file");
}

TEST(Config, refuses_an_unknown_key_by_name)
{
    EXPECT_NE(error_of("listen_adr = \"x\"\n", {}).find("listen_adr"), std::string::npos);
}

TEST(Config, refuses_values_out_of_range_by_name_and_says_what_is_right)
{
    for (const char* value : {"", "-1", "0", "12x", "99999999999999999999"}) {
        const std::string error = error_of("", {{"QUEUE_MAX", value}});
        EXPECT_NE(error.find("QUEUE_MAX"), std::string::npos) << value;
        EXPECT_NE(error.find("from 1 to 1000000"), std::string::npos) << value;
    }
}

TEST(Config, never_shows_a_secret)
{
    const std::string value = "a-secret-that-nobody-may-see-in-print";
    const LoadedConfig loaded =
        load_config("", {{"JWT_SECRET", value}, {"JWT_ISSUER", "i"}, {"JWT_AUDIENCE", "a"}});
    for (const EffectiveSetting& shown : loaded.settings) EXPECT_NE(shown.value, value);
    EXPECT_EQ(setting(loaded, "JWT_SECRET").value, "(hidden)");
}

TEST(Config, passes_kafka_properties_on_under_their_own_names)
{
    const LoadedConfig loaded = load_config("[kafka]\n\"sasl.mechanism\" = \"PLAIN\"\n",
                                            {{"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"}});
    EXPECT_EQ(loaded.config.kafka.properties.at("security.protocol"), "SASL_SSL");
    EXPECT_EQ(loaded.config.kafka.properties.at("sasl.mechanism"), "PLAIN");
}

TEST(Config, shows_the_properties_of_the_kafka_client_with_their_origin)
{
    const std::string toml = "[kafka]\n\"security.protocol\" = \"SASL_SSL\"\n"
                             "\"sasl.mechanism\" = \"PLAIN\"\n";
    const LoadedConfig loaded =
        load_config(toml, {{"KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"}, {"KAFKA_BROKERS", "k:1"}});
    EXPECT_EQ(setting(loaded, "KAFKA_SECURITY_PROTOCOL").value, "SASL_SSL");
    EXPECT_EQ(setting(loaded, "KAFKA_SECURITY_PROTOCOL").origin, "file");
    EXPECT_EQ(setting(loaded, "KAFKA_SASL_MECHANISM").value, "SCRAM-SHA-512");
    EXPECT_EQ(setting(loaded, "KAFKA_SASL_MECHANISM").origin, "environment");
    EXPECT_EQ(loaded.settings.size(), load_config("", {}).settings.size() + 2);
}

TEST(Config, hides_properties_of_the_kafka_client_whose_names_tell_of_a_secret)
{
    for (const char* name :
         {"KAFKA_SASL_PASSWORD", "KAFKA_SSL_KEY_LOCATION", "KAFKA_SSL_KEY_PASSWORD",
          "KAFKA_SSL_KEYSTORE_PASSWORD", "KAFKA_SSL_CERTIFICATE_PEM", "KAFKA_SASL_JAAS_CONFIG",
          "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET", "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL",
          "KAFKA_SASL_OAUTHBEARER_CONFIG"}) {
        EXPECT_EQ(setting(load_config("", {{name, "private"}}), name).value, "(hidden)") << name;
        EXPECT_EQ(setting(load_config("", {{name, ""}}), name).value, "") << name;
    }
    const LoadedConfig loaded = load_config("[kafka]\n\"SASL.Password\" = \"private\"\n", {});
    EXPECT_EQ(setting(loaded, "KAFKA_SASL_PASSWORD").value, "(hidden)");
}

TEST(Config, wants_issuer_and_audience_with_a_jwt_secret)
{
    const std::string secret(32, 's');
    EXPECT_NE(error_of("", {{"JWT_SECRET", secret}}).find("JWT_ISSUER"), std::string::npos);
    EXPECT_NE(error_of("", {{"JWT_SECRET", "short"}}).find("32 bytes"), std::string::npos);
}

TEST(Config, knows_the_samplers_of_opentelemetry)
{
    const struct {
        const char* name;
        bool parent_based;
        double share;
    } cases[] = {
        {"always_on", false, 1},
        {"always_off", false, 0},
        {"traceidratio", false, 0.25},
        {"parentbased_always_on", true, 1},
        {"parentbased_always_off", true, 0},
        {"parentbased_traceidratio", true, 0.25},
    };
    for (const auto& [name, parent_based, share] : cases) {
        const LoadedConfig loaded =
            load_config("", {{"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}});
        EXPECT_EQ(loaded.config.trace.sampler.parent_based, parent_based) << name;
        EXPECT_EQ(loaded.config.trace.sampler.share, share) << name;
    }
    for (const char* wrong : {"", "sometimes", "parentbased_", "jaeger_remote"})
        EXPECT_NE(error_of("", {{"OTEL_TRACES_SAMPLER", wrong}}).find("OTEL_TRACES_SAMPLER"),
                  std::string::npos);
    for (const char* wrong : {"", "1.1", "-0.1", "nan", "half"})
        EXPECT_NE(
            error_of("", {{"OTEL_TRACES_SAMPLER_ARG", wrong}}).find("OTEL_TRACES_SAMPLER_ARG"),
            std::string::npos);
}

TEST(Config, traces_nothing_unless_a_collector_is_set)
{
    EXPECT_EQ(load_config("", {}).config.trace.endpoint, "");
    EXPECT_NE(error_of("", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}})
                  .find("OTEL_EXPORTER_OTLP_ENDPOINT"),
              std::string::npos);
}

TEST(Config, injects_faults_only_under_env_local)
{
    const std::string faults = "relay/planned=crash@2";
    EXPECT_NE(error_of("", {{"EXCHANGE_FAILPOINTS", faults}}).find("EXCHANGE_FAILPOINTS"),
              std::string::npos);
    const LoadedConfig loaded =
        load_config("", {{"EXCHANGE_FAILPOINTS", faults}, {"ENV", "local"}});
    EXPECT_EQ(loaded.config.failpoints, faults);
}

}  // namespace
}  // namespace exchange::app
