#include "app/checks.hpp"

#include "app/exit_code.hpp"
#include "app/sql.hpp"
#include "app/topic_contract.hpp"
#include "outbox/pins.hpp"
#include "outbox/preflight.hpp"
#include "pg/migrate.hpp"
#include "pg/migrations_data.hpp"

#include <fmt/format.h>

namespace exchange::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

Check failed(std::string name, std::string cause, std::string remedy)
{
    Check check;
    check.name = std::move(name);
    check.status = {obs::Condition::failed, std::move(cause), std::move(remedy)};
    return check;
}

Check judge_schema(const pg::SchemaState& schema)
{
    if (!schema.unknown.empty() || !schema.changed.empty())
        return failed("schema", "the database was migrated by another version",
                      "Run the version that migrated it");
    if (!schema.pending.empty())
        return failed("schema", fmt::format("{} migration(s) are pending", schema.pending.size()),
                      "exchange migrate");
    Check check;
    check.name = "schema";
    check.detail = fmt::format("{} migrations applied", schema.applied.size());
    return check;
}

Check judge_durability(const pg::Rows& server)
{
    Check check;
    check.name = "durability";
    check.detail =
        fmt::format("fsync={} synchronous_commit={}", server.bytes(0, 3), server.bytes(0, 4));
    if (server.bytes(0, 3) != "on")
        check.status = {obs::Condition::failed, "Postgres runs with fsync=off: 202 would be a lie",
                        "Set fsync=on in postgresql.conf and restart Postgres"};
    return check;
}

asio::awaitable<std::vector<Check>> check_postgres(pg::Session& session)
{
    std::vector<Check> checks;
    const TimePoint deadline = SteadyClock::now() + 5s;
    pg::Connection* connection = co_await session.connection(deadline);
    pg::Params none;
    const pg::Rows server = co_await session.run(sql::probe_server, std::move(none), deadline);
    Check reached;
    reached.name = "postgres";
    reached.detail =
        fmt::format("{} as {} on {}", server.bytes(0, 0), server.bytes(0, 1), server.bytes(0, 2));
    checks.push_back(std::move(reached));
    checks.push_back(judge_durability(server));
    checks.push_back(
        judge_schema(co_await pg::schema_state(*connection, pg::migrations, deadline)));
    co_return checks;
}

asio::awaitable<Check> check_pins(pg::Session& session)
{
    const auto pins = co_await outbox::read_identity(session, SteadyClock::now() + 5s);
    if (const auto halt = outbox::judge_identity(pins))
        co_return failed("pins", halt->cause, halt->remedy);
    Check check;
    check.name = "pins";
    for (const outbox::Pin& pin : pins)
        check.detail +=
            fmt::format("{}{}={}", check.detail.empty() ? "" : " ", pin.name, pin.value);
    co_return check;
}

asio::awaitable<std::vector<Check>> check_kafka(const Config& config, const outbox::Layout& layout,
                                                const std::string& pinned)
{
    const auto contract = topic_contract(config.topic_prefix);
    const kafka::ClusterState cluster =
        co_await kafka::cluster_state(config.kafka, topic_names(contract), SteadyClock::now() + 8s);
    std::vector<Check> checks;
    for (auto& [component, status] : outbox::judge_cluster(cluster, pinned, layout, contract)) {
        Check check;
        check.name = component;
        check.status = status;
        if (component == "kafka") check.detail = "cluster " + cluster.cluster_id;
        checks.push_back(std::move(check));
    }
    co_return checks;
}

asio::awaitable<Check> check_store(asio::any_io_executor executor, const Config& config)
{
    Check check;
    check.name = "raw_store";
    try {
        const auto store = objects::open_store(executor, config.store);
        co_await store->probe(SteadyClock::now() + 8s);
        check.detail = "wrote, read and removed an object in " + store->bucket();
    } catch (const std::exception& failure) {
        check = failed("raw_store", failure.what(),
                       "Correct RAW_STORE, S3_ENDPOINT or AWS_*, or start the store");
        check.denied = is_denied(failure);
    }
    co_return check;
}

void append(std::vector<Check>& all, std::vector<Check> more)
{
    for (Check& check : more) all.push_back(std::move(check));
}

}  // namespace

asio::awaitable<std::vector<Check>> run_checks(asio::any_io_executor executor, Config config)
{
    std::vector<Check> all;
    pg::Session session{executor, config.postgres};
    outbox::Layout layout;
    layout.partitions = 8;
    std::string pinned;
    try {
        append(all, co_await check_postgres(session));
        layout = co_await outbox::read_layout(session, SteadyClock::now() + 5s);
        pinned = co_await outbox::pinned(session, outbox::pin_cluster, SteadyClock::now() + 5s);
        all.push_back(co_await check_pins(session));
    } catch (const pg::Unavailable& away) {
        all.push_back(failed("postgres", away.what(), "Start Postgres or correct DATABASE_URL"));
        all.back().denied = is_denied(away);
    } catch (const pg::Refused&) {
        // The schema is not there yet, and its own check says so.
    }
    try {
        append(all, co_await check_kafka(config, layout, pinned));
    } catch (const kafka::Error& failure) {
        for (const auto& [component, status] : outbox::judge_failure(failure)) {
            all.push_back(failed(component, status.cause, status.remedy));
            all.back().denied = is_denied(failure);
        }
    }
    all.push_back(co_await check_store(executor, config));
    co_return all;
}

}  // namespace exchange::app
