#include "app/settings.hpp"

#include "otlp/exporter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace exchange::app {

using namespace std::chrono_literals;

namespace {

using Apply = std::function<void(Config&, const std::string&)>;

ConfigError wrong(const std::string& name, const std::string& expected)
{
    return ConfigError{fmt::format("{} is not valid. Hint: it must be {}", name, expected)};
}

std::int64_t parse_number(const std::string& name, const std::string& text, std::int64_t least,
                          std::int64_t most)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        throw wrong(name, fmt::format("a whole number from {} to {}", least, most));
    return value;
}

Setting text(std::string name, std::string fallback, std::string description, Apply apply)
{
    return {std::move(name), std::move(fallback), std::move(description), false, std::move(apply)};
}

Setting secret(std::string name, std::string description, Apply apply)
{
    return {std::move(name), "", std::move(description), true, std::move(apply)};
}

template <class Put>
Setting number(std::string name, std::int64_t fallback, std::int64_t least, std::int64_t most,
               std::string description, Put put)
{
    const std::string copy = name;
    return {std::move(name), std::to_string(fallback), std::move(description), false,
            [=](Config& config, const std::string& value) {
                put(config, parse_number(copy, value, least, most));
            }};
}

template <class Put>
Setting milliseconds(std::string name, std::int64_t fallback, std::string description, Put put)
{
    return number(
        std::move(name), fallback, 1, 86'400'000, std::move(description),
        [=](Config& config, std::int64_t value) { put(config, std::chrono::milliseconds{value}); });
}

template <class Put>
Setting flag(std::string name, bool fallback, std::string description, Put put)
{
    const std::string copy = name;
    return {std::move(name), fallback ? "true" : "false", std::move(description), false,
            [=](Config& config, const std::string& value) {
                if (value != "true" && value != "false") throw wrong(copy, "true or false");
                put(config, value == "true");
            }};
}

obs::LogLevel parse_level(const std::string& text)
{
    if (text == "debug") return obs::LogLevel::debug;
    if (text == "info") return obs::LogLevel::info;
    if (text == "warn") return obs::LogLevel::warn;
    if (text == "error") return obs::LogLevel::error;
    throw wrong("LOG_LEVEL", "debug, info, warn or error");
}

obs::LogFormat parse_format(const std::string& text)
{
    if (text == "logfmt") return obs::LogFormat::logfmt;
    if (text == "json") return obs::LogFormat::json;
    throw wrong("LOG_FORMAT", "logfmt or json");
}

bool parse_relay_mode(const std::string& text)
{
    if (text == "transactional") return true;
    if (text == "idempotent") return false;
    throw wrong("RELAY_MODE", "transactional or idempotent");
}

std::string parse_otlp_endpoint(const std::string& text)
{
    try {
        if (!text.empty()) otlp::parse_endpoint(text);
    } catch (const std::invalid_argument&) {
        throw wrong("OTEL_EXPORTER_OTLP_ENDPOINT", "http(s)://host[:port][/path]");
    }
    return text;
}

// The share of OTEL_TRACES_SAMPLER_ARG counts for the two samplers that take one.
void apply_sampler(obs::Sampler& sampler, const std::string& text)
{
    std::string_view root = text;
    sampler.parent_based = root.starts_with("parentbased_");
    if (sampler.parent_based) root.remove_prefix(std::string_view{"parentbased_"}.size());
    if (root == "always_on") sampler.share = 1;
    else if (root == "always_off") sampler.share = 0;
    else if (root != "traceidratio")
        throw wrong("OTEL_TRACES_SAMPLER", "always_on, always_off or traceidratio, or one of these "
                                           "behind parentbased_");
}

double parse_share(const std::string& text)
{
    double share = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
    if (error != std::errc{} || end != text.data() + text.size() || !(share >= 0 && share <= 1))
        throw wrong("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1");
    return share;
}

template <class T>
std::size_t as_size(T value)
{
    return static_cast<std::size_t>(value);
}

double as_double(std::int64_t value)
{
    return static_cast<double>(value);
}

void add_process(std::vector<Setting>& all)
{
    all.push_back(text("ENV", "",
                       "local allows the development token from loopback; anything else "
                       "is production",
                       [](Config& c, const std::string& v) {
                           c.env_local = v == "local";
                           c.auth.env_local = c.env_local;
                       }));
    all.push_back(text("LISTEN_ADDR", "127.0.0.1:8080",
                       "host:port to serve HTTP on; port 0 takes "
                       "a free one",
                       [](Config& c, const std::string& v) { c.listen_addr = v; }));
    all.push_back(number("HTTP_THREADS", 0, 0, 256,
                         "threads that serve HTTP and commit; 0: one for two processors",
                         [](Config& c, std::int64_t v) { c.http_threads = static_cast<int>(v); }));
    all.push_back(text("LOG_FORMAT", "logfmt",
                       "logfmt or json, one line an event on standard error",
                       [](Config& c, const std::string& v) { c.log_format = parse_format(v); }));
    all.push_back(text("LOG_LEVEL", "info", "debug, info, warn or error; debug logs each record",
                       [](Config& c, const std::string& v) { c.log_level = parse_level(v); }));
    all.push_back(milliseconds("DRAIN_TIMEOUT_MS", 20000,
                               "how long SIGTERM waits for requests and windows under way",
                               [](Config& c, auto v) { c.drain_timeout = v; }));
    all.push_back(text("EXCHANGE_FAILPOINTS", "",
                       "faults to inject, for tests, as site=crash@2; only with ENV=local",
                       [](Config& c, const std::string& v) { c.failpoints = v; }));
}

void add_auth(std::vector<Setting>& all)
{
    all.push_back(flag("DEV_TOKEN_FROM_ANYWHERE", false,
                       "under ENV=local, take Bearer dev from other machines too",
                       [](Config& c, bool v) { c.auth.dev_from_anywhere = v; }));
    all.push_back(secret("JWT_SECRET",
                         "HS256 key of bearer tokens, 32 bytes or more; empty: no "
                         "JWT is accepted",
                         [](Config& c, const std::string& v) { c.auth.jwt_secret = v; }));
    all.push_back(text("JWT_ISSUER", "", "required iss claim",
                       [](Config& c, const std::string& v) { c.auth.jwt_issuer = v; }));
    all.push_back(text("JWT_AUDIENCE", "", "required aud claim",
                       [](Config& c, const std::string& v) { c.auth.jwt_audience = v; }));
}

void add_postgres(std::vector<Setting>& all)
{
    all.push_back(secret("DATABASE_URL",
                         "connection string of the service's role; empty: libpq's "
                         "PG* variables",
                         [](Config& c, const std::string& v) { c.postgres.conninfo = v; }));
    all.push_back(
        secret("MIGRATE_DATABASE_URL",
               "connection string of the schema's owner, for migrate, backup and restore; empty: "
               "DATABASE_URL",
               [](Config& c, const std::string& v) { c.migrate_conninfo = v; }));
    all.push_back(milliseconds("LOCK_TIMEOUT_MS", 5000,
                               "longest wait for a lane's lock; then the request gets a 503",
                               [](Config& c, auto v) { c.postgres.lock_timeout = v; }));
    all.push_back(number("PARTITION_IDS", 1'000'000, 100, 100'000'000,
                         "rows of one outbox partition; keep it as it was once rows exist",
                         [](Config& c, std::int64_t v) { c.retention.partition_ids = v; }));
    all.push_back(number(
        "KEEP_PUBLISHED_HOURS", 24, 0, 24 * 365, "how long published events stay in outbox_events",
        [](Config& c, std::int64_t v) { c.retention.keep_published = std::chrono::hours{v}; }));
    all.push_back(milliseconds("DROP_EVERY_MS", 60000,
                               "how often it is looked whether a partition can be dropped",
                               [](Config& c, auto v) { c.retention.drop_every = v; }));
    all.push_back(
        number("KEEP_KEYS_HOURS", 24 * 7, 1, 24 * 365,
               "how long an Idempotency-Key is remembered at least",
               [](Config& c, std::int64_t v) { c.retention.keep_keys = std::chrono::hours{v}; }));
}

void add_kafka(std::vector<Setting>& all)
{
    all.push_back(text("KAFKA_BROKERS", "127.0.0.1:9092", "host:port, comma-separated",
                       [](Config& c, const std::string& v) { c.kafka.brokers = v; }));
    all.push_back(text("TOPIC_PREFIX", "", "put before each topic's name",
                       [](Config& c, const std::string& v) { c.topic_prefix = v; }));
    all.push_back(
        text("RELAY_MODE", "transactional",
             "transactional: exactly once for readers of committed messages; idempotent: "
             "visible sooner, and a dead owner's late request can add a copy; change it "
             "while no relay runs",
             [](Config& c, const std::string& v) { c.transactional = parse_relay_mode(v); }));
    all.push_back(milliseconds(
        "TOPIC_GRACE_MS", 30000,
        "how long a topic must be missing before its events are put aside, so that those of other "
        "topics flow; lower: a broker that starts may be taken for one without the topic",
        [](Config& c, auto v) { c.topic_grace = v; }));
    all.push_back(
        number("WINDOW_ROWS_MAX", 2000, 1, 50000,
               "events published at once; more: fewer commits under load, more memory",
               [](Config& c, std::int64_t v) { c.relay.window_rows_max = static_cast<int>(v); }));
    all.push_back(number("WINDOW_BYTES_MAX", 8 << 20, 1 << 16, 1 << 28,
                         "raw bytes of a window, of each lane in memory up to twice",
                         [](Config& c, std::int64_t v) { c.relay.window_bytes_max = v; }));
    all.push_back(milliseconds("RELAY_POLL_MS", 50,
                               "how often a lane looks for rows that other processes appended",
                               [](Config& c, auto v) { c.relay.poll_every = v; }));
    all.push_back(milliseconds("LEASE_TTL_MS", 3000,
                               "how long a lane's owner may be silent before another takes over",
                               [](Config& c, auto v) {
                                   c.lease.ttl = v;
                                   c.lease.renew_every = c.lease.ttl / 5;
                                   c.lease.seek_every = std::min<Duration>(c.lease.ttl / 12, 250ms);
                               }));
}

void add_store(std::vector<Setting>& all)
{
    all.push_back(text("RAW_STORE", "", "s3://bucket[/prefix] or file:///directory",
                       [](Config& c, const std::string& v) { c.store.url = v; }));
    all.push_back(text("S3_ENDPOINT", "", "http(s)://host[:port]; empty: AWS",
                       [](Config& c, const std::string& v) { c.store.endpoint = v; }));
    all.push_back(text("AWS_REGION", "us-east-1", "region that requests are signed for",
                       [](Config& c, const std::string& v) { c.store.region = v; }));
    all.push_back(text("AWS_ACCESS_KEY_ID", "", "access key of the raw store",
                       [](Config& c, const std::string& v) { c.store.access_key = v; }));
    all.push_back(secret("AWS_SECRET_ACCESS_KEY", "secret key of the raw store",
                         [](Config& c, const std::string& v) { c.store.secret_key = v; }));
    all.push_back(secret("AWS_SESSION_TOKEN", "session token of temporary credentials",
                         [](Config& c, const std::string& v) { c.store.session_token = v; }));
    all.push_back(number(
        "SWEEP_EVERY_S", 3600, 1, 7 * 86400,
        "seconds between sweeps for objects that no bundle names; each lists the whole store",
        [](Config& c, std::int64_t v) { c.sweeper.every = std::chrono::seconds{v}; }));
    all.push_back(number(
        "SWEEP_GRACE_S", 86400, 0, 90 * 86400,
        "seconds from the mark of such an object to its removal; time to notice a database that "
        "was restored from an older backup",
        [](Config& c, std::int64_t v) { c.sweeper.grace = std::chrono::seconds{v}; }));
    all.push_back(number("S3_CONNECTIONS_MAX", 8, 1, 256, "connections kept to the raw store",
                         [](Config& c, std::int64_t v) { c.store.connections_max = as_size(v); }));
}

void add_admission(std::vector<Setting>& all)
{
    const auto most = std::int64_t{1} << 50;
    all.push_back(number("ADMIT_OLDEST_SECONDS", 86400, 0, 31'536'000,
                         "new records are refused (503, intake_paused) while the oldest one waits "
                         "this long for the relay, until four fifths of it; 0: no limit",
                         [](Config& c, std::int64_t v) { c.admission.oldest_s = as_double(v); }));
    all.push_back(number("ADMIT_ROWS", 10'000'000, 0, 10'000'000'000,
                         "the same for records that wait; estimated beyond 20000 a lane; 0: no "
                         "limit",
                         [](Config& c, std::int64_t v) { c.admission.rows = as_double(v); }));
    all.push_back(number("ADMIT_BYTES", std::int64_t{32} << 30, 0, most,
                         "the same for raw bytes that wait in Postgres; 0: no limit",
                         [](Config& c, std::int64_t v) { c.admission.bytes = as_double(v); }));
    all.push_back(
        number("ADMIT_DATABASE_BYTES", 0, 0, most,
               "the same for the size of the whole database, wherever Postgres runs, until 98 % of "
               "it; set it to what its disk can hold less what WAL and others need; 0: no limit",
               [](Config& c, std::int64_t v) { c.admission.database_bytes = as_double(v); }));
    all.push_back(text("ADMIT_DISK_PATH", "",
                       "where Postgres runs on this machine: a path on its disk, whose free bytes "
                       "are looked at; empty: not looked at, see ADMIT_DATABASE_BYTES",
                       [](Config& c, const std::string& v) {
                           std::error_code fault;
                           c.disk_path = v;
                           if (v.empty()) return;
                           const auto space = std::filesystem::space(v, fault);
                           if (fault || space.capacity == 0)
                               throw wrong("ADMIT_DISK_PATH", "a path of this machine");
                       }));
    all.push_back(number(
        "ADMIT_DISK_FREE_BYTES", std::int64_t{2} << 30, 0, most,
        "new records are refused while ADMIT_DISK_PATH has less free than this; what is free then "
        "is for the relay, so that it can go on; 0: no limit",
        [](Config& c, std::int64_t v) { c.admission.disk_free_bytes = as_double(v); }));
}

void add_traces(std::vector<Setting>& all)
{
    all.push_back(text(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "",
        "http(s)://host[:port][/path] of a collector that takes OTLP over HTTP; /v1/traces is put "
        "behind it; empty: no traces",
        [](Config& c, const std::string& v) { c.trace.endpoint = parse_otlp_endpoint(v); }));
    all.push_back(text("OTEL_SERVICE_NAME", "exchange", "what the spans say they are of",
                       [](Config& c, const std::string& v) { c.trace.service_name = v; }));
    all.push_back(
        text("OTEL_TRACES_SAMPLER_ARG", "1", "the share of traceidratio, from 0 to 1",
             [](Config& c, const std::string& v) { c.trace.sampler.share = parse_share(v); }));
    // After its argument, which it overrules.
    all.push_back(
        text("OTEL_TRACES_SAMPLER", "parentbased_always_on",
             "always_on, always_off or traceidratio; with parentbased_ before it only for requests "
             "that come without a traceparent, for others their caller decides",
             [](Config& c, const std::string& v) { apply_sampler(c.trace.sampler, v); }));
}

void add_limits(std::vector<Setting>& all)
{
    all.push_back(number("BODY_BYTES_MAX", 10 << 20, 1024, 256 << 20,
                         "largest body taken; beyond it 413",
                         [](Config& c, std::int64_t v) { c.body_bytes_max = as_size(v); }));
    all.push_back(
        number("BODY_BUDGET_BYTES", 256 << 20, 1 << 20, std::int64_t{1} << 40,
               "all bodies in memory at once; beyond it 503",
               [](Config& c, std::int64_t v) { c.limits.body_budget_bytes = as_size(v); }));
    all.push_back(number("CONNECTIONS_MAX", 4096, 1, 1'000'000, "open connections; beyond it 503",
                         [](Config& c, std::int64_t v) { c.limits.connections_max = as_size(v); }));
    all.push_back(number("SOURCE_RECORDS_PER_S", 0, 0, 10'000'000,
                         "records a source may send a second to this process; beyond it 429; 0: "
                         "no limit",
                         [](Config& c, std::int64_t v) { c.quota.records_per_s = v; }));
    all.push_back(number("GROUP_ROWS_MAX", 256, 1, 10000,
                         "records of one commit; more helps only far above 64 requests at once",
                         [](Config& c, std::int64_t v) { c.group.rows_max = as_size(v); }));
    all.push_back(number("QUEUE_MAX", 4096, 1, 1'000'000,
                         "requests that wait for one lane's commit; beyond it 503",
                         [](Config& c, std::int64_t v) { c.group.queue_max = as_size(v); }));
    all.push_back(milliseconds("COMMIT_TIMEOUT_MS", 5000,
                               "after this a commit's outcome counts as unknown: 503, repeat",
                               [](Config& c, auto v) {
                                   c.group.commit_timeout = v;
                                   c.group.queue_timeout = v;
                               }));
    all.push_back(milliseconds("HEADER_TIMEOUT_MS", 10000, "for a request's header to arrive",
                               [](Config& c, auto v) { c.limits.header_timeout = v; }));
    all.push_back(milliseconds("BODY_TIMEOUT_MS", 15000, "for a request's body to arrive",
                               [](Config& c, auto v) { c.limits.body_timeout = v; }));
    all.push_back(milliseconds("WRITE_TIMEOUT_MS", 15000, "for an answer to be taken",
                               [](Config& c, auto v) { c.limits.write_timeout = v; }));
    all.push_back(milliseconds("IDLE_TIMEOUT_MS", 75000, "a kept-alive connection without request",
                               [](Config& c, auto v) { c.limits.idle_timeout = v; }));
}

}  // namespace

std::vector<Setting> all_settings()
{
    std::vector<Setting> all;
    add_process(all);
    add_auth(all);
    add_postgres(all);
    add_kafka(all);
    add_store(all);
    add_limits(all);
    add_admission(all);
    add_traces(all);
    return all;
}

}  // namespace exchange::app
