#pragma once

#include "auth/authenticator.hpp"
#include "ingest/group_commit.hpp"
#include "ingest/quota.hpp"
#include "kafka/client_config.hpp"
#include "net/server.hpp"
#include "objects/open_store.hpp"
#include "obs/log.hpp"
#include "obs/tracer.hpp"
#include "outbox/admission.hpp"
#include "outbox/relay.hpp"
#include "outbox/retention.hpp"
#include "reconcile/sweeper.hpp"

#include <map>
#include <string>
#include <vector>

// All that can be set, read once at start from a TOML file and the environment (which wins), and
// handed to the modules as plain structs: no module but this reads either.
namespace exchange::app {

struct TraceConfig {
    // Empty: no traces.
    std::string endpoint;
    std::string service_name;
    obs::Sampler sampler;
};

struct Config {
    bool env_local = false;
    std::string listen_addr;
    int http_threads = 0;
    pg::ConnectConfig postgres;
    std::string migrate_conninfo;
    kafka::ClientConfig kafka;
    std::string topic_prefix;
    bool transactional = true;
    objects::StoreConfig store;
    auth::AuthConfig auth;
    obs::LogFormat log_format = obs::LogFormat::logfmt;
    obs::LogLevel log_level = obs::LogLevel::info;
    TraceConfig trace;
    net::ServerLimits limits;
    std::size_t body_bytes_max = 0;
    ingest::GroupConfig group;
    ingest::QuotaConfig quota;
    outbox::RelayConfig relay;
    outbox::LeaseConfig lease;
    outbox::RetentionConfig retention;
    reconcile::SweeperConfig sweeper;
    outbox::AdmissionConfig admission;
    std::string disk_path;
    Duration topic_grace{};
    Duration drain_timeout{};
    // See base/failpoint.hpp; empty but in tests.
    std::string failpoints;
};

// A setting that makes no sense. The message names the setting, what is wrong, and the remedy; it
// never shows the value of a secret.
class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct EffectiveSetting {
    std::string name;         // as in the environment
    std::string value;        // "(hidden)" for a secret that is set
    std::string origin;       // default, file, environment
    std::string description;  // meaning, unit, what higher and lower cost
    std::string fallback;     // the default
};

struct LoadedConfig {
    Config config;
    // Every setting there is, then those properties of the Kafka client that were given.
    std::vector<EffectiveSetting> settings;
};

using Environment = std::map<std::string, std::string>;

// `toml_text` may be empty. Throws ConfigError for unknown keys, wrong types and values out of
// range.
LoadedConfig load_config(const std::string& toml_text, const Environment& environment);

// Reads the file named by `path` (empty: EXCHANGE_CONFIG; neither: none) and the process's own
// environment.
LoadedConfig load_config_from_process(const std::string& path);

}  // namespace exchange::app
