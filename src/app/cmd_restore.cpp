#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/operator_name.hpp"
#include "app/reconcile_output.hpp"
#include "app/run_async.hpp"
#include "app/topic_contract.hpp"
#include "backup/errors.hpp"
#include "backup/restore.hpp"
#include "outbox/pins.hpp"
#include "reconcile/accept_log.hpp"
#include "reconcile/repair.hpp"
#include "reconcile/store_owner.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sys/stat.h>

namespace exchange::app {
namespace {

namespace asio = boost::asio;

struct Options {
    std::string from;
    bool replace = false;
    bool verify = false;
    // Why the systems found now are accepted; empty: they are not.
    std::string accept;
    std::string actor;
};

struct Outcome {
    backup::Document document;
    std::int64_t highest_known_id = 0;
    std::vector<std::string> accepted;
    std::size_t republished = 0;
    std::optional<reconcile::Report> report;
};

void tell(const std::string& what)
{
    fmt::print(stderr, "{}\n", what);
}

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{30};
}

class Restoration {
public:
    Restoration(asio::any_io_executor executor, Config config, Options options)
        : config_{std::move(config)},
          options_{std::move(options)},
          session_{executor, config_.postgres},
          store_{objects::open_store(executor, config_.store)},
          standing_{executor, config_.postgres}
    {
    }

    asio::awaitable<Outcome> run()
    {
        const backup::RestoreTerms terms = restore_terms();
        tell("checking the backup");
        outcome_.document = backup::check_files(terms.from);
        co_await backup::check_objects(*store_, outcome_.document, terms);
        co_await backup::check_target(session_, outcome_.document, terms.replace);
        const kafka::ClusterState cluster = co_await demand_topics();
        restoring_ = true;
        co_await backup::restore(session_, *store_, outcome_.document, terms);
        outcome_.highest_known_id =
            co_await reconcile::skip_known_ids(session_, *store_, log_terms());
        const bool same_store = outcome_.document.bucket == store_->bucket() &&
                                outcome_.document.key_prefix == store_->key_prefix();
        if (same_store) co_await reconcile::adopt_store(session_, *store_, soon());
        restoring_ = false;
        if (!options_.accept.empty()) co_await accept(cluster);
        if (options_.verify) outcome_.report = co_await compare();
        co_return std::move(outcome_);
    }

    // An end in between leaves a database that nothing must run on.
    bool restoring() const { return restoring_; }

private:
    backup::RestoreTerms restore_terms() const
    {
        backup::RestoreTerms terms;
        terms.from = options_.from;
        terms.replace = options_.replace;
        terms.conninfo = config_.postgres.conninfo;
        const char* path = std::getenv("PATH");
        terms.search_path = path ? path : "";
        terms.at_once = config_.store.connections_max;
        terms.tell = tell;
        return terms;
    }

    reconcile::LogTerms log_terms() const
    {
        reconcile::LogTerms terms;
        terms.kafka = config_.kafka;
        terms.topics = topic_contract(config_.topic_prefix);
        terms.topic_prefix = config_.topic_prefix;
        terms.actor = options_.actor;
        terms.reason = options_.accept;
        return terms;
    }

    // Before anything is changed: what is restored has to be held against the log.
    asio::awaitable<kafka::ClusterState> demand_topics()
    {
        const auto contract = topic_contract(config_.topic_prefix);
        const TimePoint deadline = SteadyClock::now() + std::chrono::seconds{10};
        const kafka::ClusterState cluster =
            co_await kafka::cluster_state(config_.kafka, topic_names(contract), deadline);
        for (const kafka::TopicSpec& topic : contract)
            if (!cluster.topics.contains(topic.name))
                throw backup::Unavailable{fmt::format(
                    "topic {} does not exist. Hint: exchange topics apply", topic.name)};
        co_return cluster;
    }

    asio::awaitable<void> accept(const kafka::ClusterState& cluster)
    {
        std::vector<outbox::Pin> found = co_await outbox::read_identity(session_, soon());
        outbox::Pin kafka;
        kafka.name = outbox::pin_cluster;
        kafka.value = cluster.cluster_id;
        const std::string pinned = co_await outbox::pinned(session_, kafka.name, soon());
        if (!pinned.empty()) kafka.pinned = pinned;
        found.push_back(std::move(kafka));
        for (const outbox::Pin& pin : found) {
            if (!pin.pinned || *pin.pinned == pin.value) continue;
            co_await outbox::accept_pin(session_, pin, options_.actor, options_.accept, soon());
            outcome_.accepted.push_back(pin.name);
        }
        const auto logs = co_await reconcile::accept_logs(session_, *store_, log_terms());
        for (const reconcile::LaneLog& log : logs) {
            if (log.cause.empty()) continue;
            outcome_.accepted.push_back(fmt::format("kafka_log of lane {}", number(log.lane)));
            tell(fmt::format("accepted: {}", log.cause));
        }
        co_await republish();
    }

    // Until nothing more can be done: a report names a bounded number.
    asio::awaitable<void> republish()
    {
        while (true) {
            const reconcile::Report report = co_await compare();
            if (report.findings.count(reconcile::Kind::missing) == 0) co_return;
            reconcile::RepairTerms terms;
            terms.layout = report.layout;
            terms.actor = options_.actor;
            terms.reason = options_.accept;
            const reconcile::RepairOutcome done = co_await reconcile::republish_missing(
                session_, *store_, report.findings, std::move(terms));
            outcome_.republished += done.republished;
            if (done.republished == 0) co_return;
            tell(fmt::format("{} events are published again", outcome_.republished));
        }
    }

    asio::awaitable<reconcile::Report> compare()
    {
        reconcile::ReconcileTerms terms;
        terms.kafka = config_.kafka;
        terms.topics = topic_contract(config_.topic_prefix);
        terms.topic_prefix = config_.topic_prefix;
        terms.grace = config_.sweeper.grace;
        co_return co_await reconcile::reconcile(session_, *store_, standing_, std::move(terms));
    }

    Config config_;
    Options options_;
    pg::Session session_;
    std::unique_ptr<objects::RawStore> store_;
    outbox::PinnedStanding standing_;
    bool restoring_ = false;
    Outcome outcome_;
};

Config as_owner(Config config)
{
    if (!config.migrate_conninfo.empty()) config.postgres.conninfo = config.migrate_conninfo;
    config.postgres.statement_timeout = std::chrono::hours{24};
    return config;
}

asio::awaitable<Outcome> restore(asio::any_io_executor executor, Config config, Options options)
{
    Restoration restoration{executor, std::move(config), std::move(options)};
    std::exception_ptr failure;
    try {
        co_return co_await restoration.run();
    } catch (...) {
        failure = std::current_exception();
    }
    if (restoration.restoring())
        tell("The restore is not complete: start no exchange on this database. Hint: repeat it "
             "with --replace");
    std::rethrow_exception(failure);
}

void print(const Outcome& outcome)
{
    fmt::print("restored schema {} and {} objects; ids go on above {}\n", outcome.document.schema,
               outcome.document.objects, outcome.highest_known_id);
    for (const std::string& name : outcome.accepted) fmt::print("accepted {}\n", name);
    if (outcome.republished > 0)
        fmt::print("{} events that the log lacks are published again\n", outcome.republished);
    if (outcome.report) print_report(*outcome.report);
}

boost::json::object json_of(const Outcome& outcome)
{
    boost::json::object body{
        {"schema", outcome.document.schema},
        {"objects", outcome.document.objects},
        {"highest_known_id", outcome.highest_known_id},
        {"accepted", boost::json::array(outcome.accepted.begin(), outcome.accepted.end())},
        {"republished", outcome.republished}};
    if (outcome.report) body["report"] = report_json(*outcome.report);
    return body;
}

int run(const Globals& globals, Options options)
{
    if (options.actor.empty()) options.actor = operator_name();
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    ::umask(077);
    const Outcome outcome = run_async(
        [&](auto executor) { return restore(executor, as_owner(loaded.config), options); });
    if (globals.json) fmt::print("{}\n", boost::json::serialize(json_of(outcome)));
    else print(outcome);
    if (!outcome.report) return exit_ok;
    const bool pins = outcome.report->findings.count(reconcile::Kind::pin) > 0;
    if (pins && options.accept.empty())
        tell("Lanes stand still until what was found is accepted. Hint: exchange pins accept, or "
             "restore with --accept REASON");
    return outcome.report->findings.total() == 0 ? exit_ok : exit_difference;
}

}  // namespace

void add_restore(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* verb =
        app.add_subcommand("restore", "Put a backup into an empty database and the raw store");
    verb->add_option("--from", options->from, "The folder that exchange backup made")
        ->required()
        ->type_name("FILE");
    verb->add_flag("--replace", options->replace, "First remove all that the database holds");
    verb->add_option("--accept", options->accept,
                     "Belong to the Postgres and Kafka found now, and publish again what the log "
                     "lacks; the reason, kept in table audit")
        ->check([](const std::string& text) {
            return text.empty() || text.size() > 500 ? "1 to 500 characters" : "";
        });
    verb->add_option("--as", options->actor, "Who restores, for the audit; default user@host");
    verb->add_flag("--verify", options->verify,
                   "Then hold database, log and raw store against each other; exit 4 when they "
                   "differ");
    verb->footer("Examples:\n  exchange restore --from /mnt/backup/monday --verify\n"
                 "  exchange restore --from /mnt/backup/monday --accept \"drill\" --verify --json");
    verb->callback([&globals, options] { globals.exit_code = run(globals, *options); });
}

}  // namespace exchange::app
