#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/operator_name.hpp"
#include "app/run_async.hpp"
#include "app/topic_contract.hpp"
#include "outbox/pins.hpp"
#include "reconcile/accept_log.hpp"

#include "kafka/admin.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace exchange::app {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds patience{10};

// No pin of the table: where the log itself stands.
constexpr const char* log_name = "kafka_log";

struct Options {
    std::string name;
    std::string reason;
    std::string actor;
};

asio::awaitable<std::vector<outbox::Pin>> list_all(asio::any_io_executor executor, Config config)
{
    pg::Session session{executor, config.postgres};
    co_return co_await outbox::list_pins(session, SteadyClock::now() + patience);
}

// The pin with what is found now; from the system that it names.
asio::awaitable<outbox::Pin> find(pg::Session& session, const Config& config, std::string name)
{
    const TimePoint deadline = SteadyClock::now() + patience;
    outbox::Pin pin;
    pin.name = name;
    if (name == outbox::pin_cluster) {
        const kafka::ClusterState cluster =
            co_await kafka::cluster_state(config.kafka, {}, deadline);
        pin.value = cluster.cluster_id;
        const std::string pinned = co_await outbox::pinned(session, name, deadline);
        if (!pinned.empty()) pin.pinned = pinned;
        co_return pin;
    }
    for (const outbox::Pin& found : co_await outbox::read_identity(session, deadline))
        if (found.name == name) pin = found;
    co_return pin;
}

struct Accepted {
    outbox::Pin pin;
    bool changed = false;
};

asio::awaitable<Accepted> accept(asio::any_io_executor executor, Config config, Options options)
{
    pg::Session session{executor, config.postgres};
    Accepted accepted;
    accepted.pin = co_await find(session, config, options.name);
    const outbox::Pin& pin = accepted.pin;
    if (pin.value.empty() || !pin.pinned || *pin.pinned == pin.value) co_return accepted;
    accepted.changed = co_await outbox::accept_pin(session, pin, options.actor, options.reason,
                                                   SteadyClock::now() + patience);
    if (!accepted.changed)
        throw std::runtime_error{"the pin was changed by another meanwhile. Hint: exchange pins "
                                 "list, then decide again"};
    co_return accepted;
}

asio::awaitable<std::vector<reconcile::LaneLog>> accept_logs(asio::any_io_executor executor,
                                                             Config config, Options options)
{
    pg::Session session{executor, config.postgres};
    const auto store = objects::open_store(executor, config.store);
    reconcile::LogTerms terms;
    terms.kafka = config.kafka;
    terms.topics = topic_contract(config.topic_prefix);
    terms.topic_prefix = config.topic_prefix;
    terms.actor = options.actor;
    terms.reason = options.reason;
    co_return co_await reconcile::accept_logs(session, *store, std::move(terms));
}

int run_accept_log(const Globals& globals, const Options& options)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto logs =
        run_async([&](auto executor) { return accept_logs(executor, loaded.config, options); });
    boost::json::array lanes;
    for (const reconcile::LaneLog& log : logs) {
        lanes.push_back(boost::json::object{{"lane", number(log.lane)},
                                            {"accepted", !log.cause.empty()},
                                            {"cause", log.cause},
                                            {"planned_to", log.planned_to},
                                            {"log_to", log.log_to},
                                            {"appended_again", log.appended_again}});
        if (globals.json) continue;
        if (log.cause.empty())
            fmt::print("lane {}: its log fits; nothing to accept\n", number(log.lane));
        else
            fmt::print("lane {}: {}; accepted. Ids above {} up to {} are not drawn again, {} "
                       "events are appended again\n",
                       number(log.lane), log.cause, log.planned_to,
                       std::max(log.planned_to, log.log_to), log.appended_again);
    }
    if (globals.json)
        fmt::print("{}\n", boost::json::serialize(boost::json::object{{"lanes", lanes}}));
    return exit_ok;
}

int run_accept(const Globals& globals, Options options)
{
    if (options.actor.empty()) options.actor = operator_name();
    if (options.name == log_name) return run_accept_log(globals, options);
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const Accepted done =
        run_async([&](auto executor) { return accept(executor, loaded.config, options); });
    const std::string was = done.pin.pinned.value_or("");
    if (globals.json) {
        const boost::json::object body{{"name", done.pin.name},
                                       {"was", was},
                                       {"value", done.pin.value},
                                       {"changed", done.changed}};
        fmt::print("{}\n", boost::json::serialize(body));
    } else if (done.changed) {
        fmt::print("{} was {}, is {} from now on; lanes go on within seconds\n", done.pin.name, was,
                   done.pin.value);
    } else {
        fmt::print("{} is {}; nothing to accept\n", done.pin.name, was.empty() ? "unset" : was);
    }
    return exit_ok;
}

int run_list(const Globals& globals)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto pins = run_async([&](auto executor) { return list_all(executor, loaded.config); });
    boost::json::array all;
    for (const outbox::Pin& pin : pins) {
        all.push_back(boost::json::object{{"name", pin.name}, {"value", *pin.pinned}});
        if (!globals.json) fmt::print("{:<28} {}\n", pin.name, *pin.pinned);
    }
    if (globals.json)
        fmt::print("{}\n", boost::json::serialize(boost::json::object{{"pins", all}}));
    return exit_ok;
}

}  // namespace

void add_pins(CLI::App& app, Globals& globals)
{
    CLI::App* noun =
        app.add_subcommand("pins", "The Postgres and Kafka that this exchange was first used with");
    noun->require_subcommand(1);
    noun->footer("Examples:\n  exchange pins list\n"
                 "  exchange pins accept kafka_cluster_id --reason \"moved, log compared\"");
    CLI::App* list_verb = noun->add_subcommand("list", "Show what is pinned");
    list_verb->footer("Examples:\n  exchange pins list\n  exchange pins list --json");
    list_verb->callback([&globals] { globals.exit_code = run_list(globals); });

    auto options = std::make_shared<Options>();
    CLI::App* accept_verb = noun->add_subcommand(
        "accept", "Pin what is found now instead; lanes that were halted by it go on");
    accept_verb->add_option("NAME", options->name, "The pin")
        ->required()
        ->check(CLI::IsMember(
            {outbox::pin_cluster, outbox::pin_system, outbox::pin_timeline, log_name}));
    accept_verb->add_option("--reason", options->reason, "Why; kept in table audit")
        ->required()
        ->check([](const std::string& text) {
            return text.empty() || text.size() > 500 ? "1 to 500 characters" : "";
        });
    accept_verb->add_option("--as", options->actor,
                            "Who decides, for the audit; default user@host");
    accept_verb->footer("Examples:\n  exchange pins accept postgres_timeline --reason "
                        "\"planned failover, nothing lost\"\n"
                        "  exchange pins accept kafka_cluster_id --reason "
                        "\"moved, log compared\" --json");
    accept_verb->callback(
        [&globals, options] { globals.exit_code = run_accept(globals, *options); });
}

}  // namespace exchange::app
