#include "app/service.hpp"

#include "app/intake_monitor.hpp"
#include "app/monitors.hpp"
#include "app/ops_routes.hpp"
#include "app/run_async.hpp"
#include "app/server_errors.hpp"
#include "app/topic_contract.hpp"
#include "app/tracing.hpp"
#include "base/started.hpp"
#include "ingest/routes.hpp"
#include "outbox/kafka_event_log.hpp"
#include "outbox/relay.hpp"
#include "pg/migrate.hpp"
#include "pg/migrations_data.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <thread>

namespace exchange::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// An io_context with its thread.
class Loop {
public:
    Loop() : guard_{asio::make_work_guard(io_)}, thread_{[this] { io_.run(); }} {}
    ~Loop() { join(); }
    asio::io_context& io() { return io_; }

    void join()
    {
        io_.stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::thread thread_;
};

// What keeps a thread of ours busy keeps another processor busy too, with Postgres and clients.
std::size_t half_the_processors()
{
    return std::max(1u, std::thread::hardware_concurrency() / 2);
}

std::size_t thread_count(const Config& config)
{
    return config.http_threads > 0 ? static_cast<std::size_t>(config.http_threads)
                                   : half_the_processors();
}

struct Prepared {
    bool schema_current = false;
    std::string problem;
    outbox::Layout layout;
};

asio::awaitable<Prepared> prepare(asio::any_io_executor executor, pg::ConnectConfig config)
{
    pg::Session session{executor, std::move(config)};
    pg::Connection* connection = co_await session.connection(SteadyClock::now() + 5s);
    const pg::SchemaState schema =
        co_await pg::schema_state(*connection, pg::migrations, SteadyClock::now() + 5s);
    Prepared prepared;
    prepared.schema_current = schema.current();
    if (!schema.unknown.empty())
        prepared.problem = "the database was migrated by a newer exchange. Hint: run that version";
    else if (!schema.changed.empty())
        prepared.problem = "the database was migrated by another build of this version. Hint: "
                           "restore it or use the build that made it";
    else if (!schema.pending.empty())
        prepared.problem = fmt::format("the database lacks {} migration(s). Hint: exchange migrate",
                                       schema.pending.size());
    if (prepared.schema_current)
        prepared.layout = co_await outbox::read_layout(session, SteadyClock::now() + 5s);
    co_return prepared;
}

}  // namespace

// The loops come before all that holds timers and sockets on their contexts, and after what
// coroutines that never came to their end still use when they go with their context; the threads
// are joined before anything goes (see ~Service).
struct Service::Parts {
    Parts(Config given, Roles roles_given, std::string instance_given,
          std::function<void()> tell_layout_changed)
        : config{std::move(given)},
          roles{roles_given},
          instance{std::move(instance_given)},
          layout_changed{std::move(tell_layout_changed)},
          log{config.log_format, config.log_level},
          health{log},
          tracing{start_tracing(config.trace, instance, metrics, health)},
          quota{config.quota},
          admission{config.admission},
          ingest_metrics{metrics},
          refusals{log}
    {
    }

    Config config;
    Roles roles;
    std::string instance;
    std::function<void()> layout_changed;
    obs::Log log;
    obs::Metrics metrics;
    obs::Health health;
    std::unique_ptr<Tracing> tracing;

    std::vector<std::unique_ptr<Loop>> http_loops;
    std::unique_ptr<Loop> relay_loop;
    // It answers to the loops, so it goes before they do.
    BlockingPool large_bodies{"bodies", 1, ingest::large_bodies_max};

    ingest::Quota quota;
    outbox::Admission admission;
    ingest::IngestMetrics ingest_metrics;
    ingest::RefusalLog refusals;
    std::unique_ptr<auth::Authenticator> authenticator;
    outbox::Layout layout;
    std::atomic<bool> ready = false;

    std::unique_ptr<objects::RawStore> store;
    std::unique_ptr<outbox::KafkaEventLog> event_log;
    std::unique_ptr<outbox::Relay> relay;
    std::unique_ptr<outbox::Retention> retention;
    std::unique_ptr<outbox::PinnedStanding> standing;
    std::unique_ptr<reconcile::Sweeper> sweeper;
    std::unique_ptr<Monitors> monitors;
    std::unique_ptr<IntakeMonitor> intake;
    std::vector<std::unique_ptr<ingest::GroupCommit>> committers;
    std::unique_ptr<net::Server> server;

    std::vector<std::future<void>> committing;
    std::vector<std::future<bool>> watching;
    std::future<void> retaining;
    std::future<void> relaying;

    void serve();
    void start_committers();
    void start_relay();
    std::string not_ready() const;
    obs::Tracer* tracer() const { return tracing ? &tracing->tracer() : nullptr; }
    asio::awaitable<void> run_relay();
    asio::awaitable<bool> run_sweeper();
};

Service::Service(Config config, Roles roles, std::string instance,
                 std::function<void()> layout_changed)
    : parts_{std::make_unique<Parts>(std::move(config), roles, std::move(instance),
                                     std::move(layout_changed))}
{
}

Service::~Service()
{
    for (const std::unique_ptr<Loop>& loop : parts_->http_loops) loop->join();
    if (parts_->relay_loop) parts_->relay_loop->join();
}

std::string Service::Parts::not_ready() const
{
    if (!ready) return "Postgres has not been reached yet";
    if (monitors && !monitors->postgres_ok()) return "Postgres is away";
    // Never full to the last byte: a body that does not fit is refused. In a small budget the
    // largest body would find no room beside any other.
    const std::size_t budget = config.limits.body_budget_bytes;
    if (server->body_bytes_in_flight() > budget - std::min(config.body_bytes_max, budget / 2))
        return "no room for request bodies";
    return {};
}

void Service::Parts::serve()
{
    authenticator = auth::make_authenticator(config.auth, [] { return unix_ms_now() / 1000; });
    std::vector<net::Route> routes =
        make_ops_routes({metrics, health, [this] { return not_ready(); }});
    if (roles.ingest) {
        ingest::IngestParts ingest_parts{
            *authenticator,
            [this] { return ready.load(); },
            [this](std::string_view source, std::string_view key) -> ingest::GroupCommit& {
                const LaneId lane = outbox::lane_of(layout, source, key);
                return *committers[static_cast<std::size_t>(number(lane))];
            },
            [this] {
                const auto* limit = admission.paused_by();
                return limit == nullptr ? std::string_view{} : limit->setting;
            },
            quota,
            large_bodies,
            ingest_metrics,
            refusals,
            log,
            tracer()};
        ingest::IngestConfig ingest_config;
        ingest_config.body_bytes_max = config.body_bytes_max;
        for (net::Route& route : ingest::make_routes(std::move(ingest_parts), ingest_config))
            routes.push_back(std::move(route));
    }
    server = net::make_server(config.listen_addr, config.limits, std::move(routes),
                              make_error_renderer(refusals, ingest_metrics));
    std::vector<asio::io_context*> contexts;
    for (std::size_t at = 0; at < thread_count(config); ++at) {
        http_loops.push_back(std::make_unique<Loop>());
        contexts.push_back(&http_loops.back()->io());
    }
    relay_loop = std::make_unique<Loop>();
    // Before anything waits for Postgres: a wrong setting is told at once.
    store = objects::open_store(relay_loop->io().get_executor(), config.store);
    try {
        server->start(contexts);
    } catch (const std::system_error& failure) {
        throw ConfigError{fmt::format("LISTEN_ADDR cannot be served: {}. Hint: host:port of this "
                                      "machine that nobody listens on",
                                      failure.what())};
    }
    log.info("serving", {{"address", config.listen_addr}, {"port", server->port()}});
}

void Service::Parts::start_committers()
{
    for (std::int16_t lane = 0; lane < layout.lanes; ++lane) {
        asio::io_context& io = http_loops[static_cast<std::size_t>(lane) % http_loops.size()]->io();
        auto wake = [this, lane] {
            if (relay) relay->wake(LaneId{lane});
        };
        committers.push_back(std::make_unique<ingest::GroupCommit>(
            io.get_executor(), outbox::make_pg_appender(io.get_executor(), config.postgres),
            std::make_unique<SystemRandom>(), layout, LaneId{lane}, config.group, ingest_metrics,
            log, std::move(wake)));
        committing.push_back(asio::co_spawn(io, committers.back()->run(), asio::use_future));
    }
}

// Like the relay: a database that does not belong here must not have its way with the raw store.
asio::awaitable<bool> Service::Parts::run_sweeper()
{
    const bool ours = co_await monitors->kafka_is_ours();
    if (ours) co_await sweeper->run();
    co_return true;
}

asio::awaitable<void> Service::Parts::run_relay()
{
    // A wrong cluster must not see a single event; a broker that is away is waited for.
    const bool ours = co_await monitors->kafka_is_ours();
    if (ours) co_await relay->run();
}

void Service::Parts::start_relay()
{
    asio::io_context& io = relay_loop->io();
    const auto executor = io.get_executor();
    standing = std::make_unique<outbox::PinnedStanding>(executor, config.postgres);
    monitors = std::make_unique<Monitors>(executor, MonitorParts{config, log, metrics, health},
                                          layout, store.get(), *standing, layout_changed);
    watching.push_back(asio::co_spawn(io, monitors->watch_postgres(), asio::use_future));
    intake = std::make_unique<IntakeMonitor>(executor, MonitorParts{config, log, metrics, health},
                                             admission);
    watching.push_back(asio::co_spawn(io, intake->watch(), asio::use_future));
    outbox::RetentionConfig retaining_terms = config.retention;
    retaining_terms.make_only = !roles.relay;
    retention = std::make_unique<outbox::Retention>(executor, config.postgres, layout, *store,
                                                    retaining_terms, log, health,
                                                    [this] { return admission.short_of_room(); });
    retaining = asio::co_spawn(io, retention->run(), asio::use_future);
    if (!roles.relay) return;

    outbox::EventLogConfig log_config;
    log_config.producer.client = config.kafka;
    log_config.transactional = config.transactional;
    log_config.id_prefix = config.topic_prefix;
    event_log = std::make_unique<outbox::KafkaEventLog>(executor, std::move(log_config));
    outbox::RelaySettings settings{config.relay, config.lease, instance, tracer()};
    // A window keeps about two busy: Kafka's client and broker, Postgres, the raw store.
    settings.windows_at_once = static_cast<int>(half_the_processors());
    relay = std::make_unique<outbox::Relay>(
        executor, config.postgres, layout, topic_names(topic_contract(config.topic_prefix)),
        *event_log, *store, *standing, std::move(settings), metrics, log, health);
    sweeper = std::make_unique<reconcile::Sweeper>(executor, config.postgres, layout, *store,
                                                   *standing, config.sweeper, metrics, log, health);
    watching.push_back(asio::co_spawn(io, monitors->watch_kafka(), asio::use_future));
    watching.push_back(asio::co_spawn(io, monitors->watch_store(), asio::use_future));
    watching.push_back(asio::co_spawn(io, monitors->watch_returned(), asio::use_future));
    watching.push_back(asio::co_spawn(io, monitors->watch_conservation(), asio::use_future));
    watching.push_back(asio::co_spawn(io, run_sweeper(), asio::use_future));
    relaying = asio::co_spawn(io, run_relay(), asio::use_future);
}

bool Service::start(const std::atomic<Wanted>& wanted)
{
    parts_->serve();
    while (wanted != Wanted::stop) {
        try {
            const pg::ConnectConfig config = parts_->config.postgres;
            const Prepared prepared =
                run_async([&](auto executor) { return prepare(executor, config); });
            if (!prepared.schema_current) {
                parts_->log.error("schema_not_usable", {{"cause", prepared.problem}});
                return false;
            }
            parts_->layout = prepared.layout;
            break;
        } catch (const pg::Unavailable& away) {
            parts_->health.set("postgres", {obs::Condition::failed, away.what(),
                                            "Start Postgres or correct DATABASE_URL; it goes on by "
                                            "itself"});
        }
        std::this_thread::sleep_for(500ms);
    }
    if (wanted == Wanted::stop) return false;
    // The relay first: what the first commit wakes must be there.
    parts_->start_relay();
    if (parts_->roles.ingest) parts_->start_committers();
    parts_->health.ok("postgres");
    parts_->ready = true;
    parts_->log.info("ready", {{"lanes", parts_->layout.lanes}, {"instance", parts_->instance}});
    return true;
}

std::uint16_t Service::port() const
{
    return parts_->server->port();
}

bool Service::stop()
{
    Parts& parts = *parts_;
    parts.log.info("stopping");
    const TimePoint deadline = SteadyClock::now() + parts.config.drain_timeout;
    // What a server keeps waiting beyond that is left as a crash would leave it: who comes next
    // finishes it.
    const TimePoint last = deadline + 8s;
    asio::co_spawn(parts.http_loops.front()->io(), parts.server->drain(deadline), asio::use_future)
        .get();
    for (const auto& committer : parts.committers) committer->stop();
    for (std::future<void>& committing : parts.committing) committing.wait();
    if (!parts.monitors) return true;

    asio::io_context& io = parts.relay_loop->io();
    bool in_time = true;
    if (parts.relay) {
        asio::post(io, [&parts] {
            if (parts.monitors->layout_has_changed()) parts.relay->stop();
            else parts.relay->drain();
        });
        // A relay that never started has nothing to drain.
        asio::post(io, [&parts] { parts.monitors->stop(); });
        if (parts.relaying.wait_until(deadline) != std::future_status::ready) {
            asio::post(io, [&parts] { parts.relay->stop(); });
            in_time = parts.relaying.wait_until(last) == std::future_status::ready;
        }
        asio::post(io, [&parts] { parts.sweeper->stop(); });
    }
    asio::post(io, [&parts] { parts.retention->stop(); });
    asio::post(io, [&parts] { parts.intake->stop(); });
    asio::post(io, [&parts] { parts.monitors->stop(); });
    const TimePoint soon = std::min(last, SteadyClock::now() + 6s);
    parts.retaining.wait_until(soon);
    for (std::future<bool>& watching : parts.watching) watching.wait_until(soon);
    parts.log.info("stopped", {{"drained", in_time}});
    return in_time;
}

}  // namespace exchange::app
