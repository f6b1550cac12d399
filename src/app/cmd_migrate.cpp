#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/run_async.hpp"
#include "app/sql.hpp"
#include "pg/migrate.hpp"
#include "pg/migrations_data.hpp"
#include "pg/session.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace exchange::app {
namespace {

namespace asio = boost::asio;

struct Options {
    std::string grant_to;
    bool status_only = false;
};

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
    verb->add_flag("--status", options->status_only,
                   "Only tell; exit 4 when migrations are pending");
    verb->footer("Examples:\n  exchange migrate\n  exchange migrate --status --json");
    verb->callback([&globals, options] { globals.exit_code = run(globals, *options); });
}

}  // namespace exchange::app
