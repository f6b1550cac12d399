#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/operator_name.hpp"
#include "app/reconcile_output.hpp"
#include "app/run_async.hpp"
#include "app/topic_contract.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace exchange::app {
namespace {

namespace asio = boost::asio;

struct Options {
    bool deep = false;
    bool repair = false;
    bool yes = false;
    // Seconds; below 0: as the sweeper's.
    std::int64_t grace_s = -1;
    std::string reason = "exchange reconcile --repair";
    std::string actor;
};

std::chrono::seconds grace_of(const Config& config, const Options& options)
{
    return options.grace_s < 0 ? config.sweeper.grace : std::chrono::seconds{options.grace_s};
}

asio::awaitable<reconcile::Report> compare(asio::any_io_executor executor, Config config,
                                           Options options)
{
    pg::Session session{executor, config.postgres};
    const auto store = objects::open_store(executor, config.store);
    reconcile::ReconcileTerms terms;
    terms.kafka = config.kafka;
    terms.topics = topic_contract(config.topic_prefix);
    terms.topic_prefix = config.topic_prefix;
    terms.grace = grace_of(config, options);
    terms.deep = options.deep;
    outbox::PinnedStanding standing{executor, config.postgres};
    co_return co_await reconcile::reconcile(session, *store, standing, std::move(terms));
}

asio::awaitable<reconcile::RepairOutcome> mend(asio::any_io_executor executor, Config config,
                                               Options options, const reconcile::Report& report)
{
    pg::Session session{executor, config.postgres};
    const auto store = objects::open_store(executor, config.store);
    reconcile::RepairTerms terms;
    terms.layout = report.layout;
    terms.grace = grace_of(config, options);
    terms.actor = options.actor.empty() ? operator_name() : options.actor;
    terms.reason = options.reason;
    co_return co_await reconcile::repair(session, *store, report.findings, std::move(terms));
}

bool confirmed(const Options& options, bool json)
{
    if (options.yes) return true;
    if (json || isatty(STDIN_FILENO) == 0) return false;
    fmt::print("\nDo this? [y/N] ");
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

int run(const Globals& globals, const Options& options)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const reconcile::Report report =
        run_async([&](auto executor) { return compare(executor, loaded.config, options); });
    const reconcile::RepairPlan plan = reconcile::plan_repair(report.findings);
    boost::json::object body = report_json(report);
    body["plan"] = plan_json(plan);
    if (!globals.json) print_report(report);
    int exit_code = report.findings.total() == 0 ? exit_ok : exit_difference;
    if (options.repair) {
        if (!globals.json) print_plan(plan);
        if (report.findings.count(reconcile::Kind::pin) > 0) {
            // Of systems that do not belong together nothing can be told for sure.
            fmt::print(stderr,
                       "Nothing is repaired while a pin differs. Hint: exchange pins list\n");
        } else if (confirmed(options, globals.json)) {
            const reconcile::RepairOutcome outcome = run_async(
                [&](auto executor) { return mend(executor, loaded.config, options, report); });
            body["done"] = outcome_json(outcome);
            if (!globals.json) print_outcome(outcome);
            exit_code = reconcile::all_repaired(plan, outcome) ? exit_ok : exit_difference;
        } else if (!globals.json) {
            fmt::print("\nNothing was done. Hint: exchange reconcile --repair --yes\n");
        }
    }
    if (globals.json) fmt::print("{}\n", boost::json::serialize(body));
    return exit_code;
}

}  // namespace

void add_reconcile(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand(
        "reconcile",
        "Hold ledger, outbox, Kafka and raw store against each other; exit 4 when they differ");
    verb->add_flag("--deep", options->deep, "Fetch every bundle and compute its SHA-256");
    verb->add_flag("--repair", options->repair,
                   "Show what would be done, and do it once confirmed");
    verb->add_flag("--yes", options->yes, "With --repair: do it without asking");
    verb->add_option("--grace", options->grace_s,
                     "Seconds after which an orphan counts and is removed; default SWEEP_GRACE_S")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{90 * 86400}));
    verb->add_option("--reason", options->reason, "With --repair: kept in the audit");
    verb->add_option("--as", options->actor, "Who repairs, for the audit; default user@host");
    verb->footer("Examples:\n  exchange reconcile\n  exchange reconcile --repair\n"
                 "  exchange reconcile --repair --yes --reason \"after the restore\" --json");
    verb->callback([&globals, options] { globals.exit_code = run(globals, *options); });
}

}  // namespace exchange::app
