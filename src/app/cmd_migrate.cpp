#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/operator_name.hpp"
#include "app/run_async.hpp"
#include "app/sql.hpp"
#include "outbox/lane_change.hpp"
#include "pg/migrate.hpp"
#include "pg/migrations_data.hpp"
#include "pg/session.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <thread>

namespace exchange::app {
namespace {

namespace asio = boost::asio;

struct Options {
    std::string grant_to;
    bool status_only = false;
    // 0: as many as suit this machine.
    int lanes = 0;
};

// A database that holds nothing yet gets its lanes; any other one keeps those it has.
asio::awaitable<void> set_lanes(pg::Session& session, bool made_now, int wanted)
{
    const outbox::Layout layout =
        co_await outbox::read_layout(session, SteadyClock::now() + std::chrono::seconds{10});
    if (!made_now) {
        if (wanted > 0 && wanted != layout.lanes)
            fmt::print(stderr,
                       "exchange: --lanes is for a new database; this one keeps its {}. Hint: "
                       "exchange lanes set {}\n",
                       layout.lanes, wanted);
        co_return;
    }
    outbox::LaneChangeTerms terms;
    terms.lanes = wanted > 0
                      ? static_cast<std::int16_t>(wanted)
                      : outbox::lanes_for(std::thread::hardware_concurrency(), layout.partitions);
    terms.actor = operator_name();
    terms.reason = "a new database";
    const outbox::LaneChange outcome = co_await outbox::change_lanes(session, std::move(terms));
    if (outcome == outbox::LaneChange::does_not_divide)
        throw ConfigError{fmt::format("--lanes {} does not divide the {} partitions of a topic",
                                      wanted, layout.partitions)};
}

asio::awaitable<pg::SchemaState> migrate(asio::any_io_executor executor, pg::ConnectConfig config,
                                         Options options)
{
    // A migration may rewrite a large table; only the operator's patience bounds it.
    config.statement_timeout = std::chrono::hours{24};
    const TimePoint deadline = SteadyClock::now() + std::chrono::hours{24};
    pg::Session session{executor, std::move(config)};
    pg::Connection* connection =
        co_await session.connection(SteadyClock::now() + std::chrono::seconds{10});
    pg::SchemaState state = co_await pg::schema_state(*connection, pg::migrations, deadline);
    const bool usable = state.unknown.empty() && state.changed.empty();
    if (options.status_only || !usable) co_return state;
    state.applied = co_await pg::migrate(*connection, pg::migrations, deadline);
    const bool made_now = !state.applied.empty() && state.applied.front() == 1;
    co_await set_lanes(session, made_now, options.lanes);
    if (!options.grant_to.empty()) {
        pg::Params params;
        params.text(options.grant_to);
        co_await session.run(sql::grant_service, std::move(params), deadline);
    }
    state.pending.clear();
    co_return state;
}

void print(const pg::SchemaState& state, const Options& options, bool json)
{
    if (json) {
        boost::json::object body;
        body[options.status_only ? "applied" : "applied_now"] =
            boost::json::array(state.applied.begin(), state.applied.end());
        body["pending"] = boost::json::array(state.pending.begin(), state.pending.end());
        body["unknown"] = boost::json::array(state.unknown.begin(), state.unknown.end());
        body["changed"] = boost::json::array(state.changed.begin(), state.changed.end());
        fmt::print("{}\n", boost::json::serialize(body));
        return;
    }
    if (options.status_only)
        fmt::print("{} applied, {} pending\n", state.applied.size(), state.pending.size());
    else if (!state.unknown.empty() || !state.changed.empty())
        fmt::print("the database was migrated by another version; nothing was changed. "
                   "Hint: run the version that migrated it\n");
    else if (state.applied.empty()) fmt::print("the schema is current\n");
    else fmt::print("applied {} migration(s); the schema is current\n", state.applied.size());
}

int run(const Globals& globals, const Options& options)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    pg::ConnectConfig config = loaded.config.postgres;
    if (!loaded.config.migrate_conninfo.empty()) config.conninfo = loaded.config.migrate_conninfo;
    const pg::SchemaState state =
        run_async([&](auto executor) { return migrate(executor, config, options); });
    print(state, options, globals.json);
    const bool usable = state.unknown.empty() && state.changed.empty();
    if (!usable) return exit_conflict;
    return options.status_only && !state.pending.empty() ? exit_difference : exit_ok;
}

}  // namespace

void add_migrate(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("migrate", "Bring the database to this version's schema");
    verb->add_option(
        "--grant-to", options->grant_to,
        "Give this role the rights of the service (where another one owns the schema)");
    verb->add_option("--lanes", options->lanes,
                     "Lanes of a new database; default one for two processors of this machine")
        ->check(CLI::Range(1, 64));
    verb->add_flag("--status", options->status_only,
                   "Only tell; exit 4 when migrations are pending");
    verb->footer("Examples:\n  exchange migrate\n  exchange migrate --status --json");
    verb->callback([&globals, options] { globals.exit_code = run(globals, *options); });
}

}  // namespace exchange::app
