#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/operator_name.hpp"
#include "app/run_async.hpp"
#include "outbox/lane_change.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace exchange::app {
namespace {

namespace asio = boost::asio;

struct Options {
    int lanes = 0;
    int wait_s = 10;
    std::string reason;
    std::string actor;
};

asio::awaitable<std::vector<outbox::LaneRow>> list_all(asio::any_io_executor executor,
                                                       pg::ConnectConfig config)
{
    pg::Session session{executor, std::move(config)};
    co_return co_await outbox::list_lanes(session, SteadyClock::now() + std::chrono::seconds{10});
}

int run_list(const Globals& globals)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto lanes =
        run_async([&](auto executor) { return list_all(executor, loaded.config.postgres); });
    boost::json::array all;
    for (const outbox::LaneRow& lane : lanes) {
        all.push_back(boost::json::object{{"lane", number(lane.lane)},
                                          {"used", lane.used},
                                          {"epoch", lane.epoch.value},
                                          {"owner", lane.owner}});
        if (globals.json) continue;
        const char* free = lane.used ? "nobody" : "out of use";
        fmt::print("lane {:<3} epoch {:<6} {}\n", number(lane.lane), lane.epoch.value,
                   lane.owner.empty() ? free : lane.owner.c_str());
    }
    if (globals.json)
        fmt::print("{}\n", boost::json::serialize(boost::json::object{{"lanes", all}}));
    return exit_ok;
}

asio::awaitable<outbox::LaneChange> change(asio::any_io_executor executor, Config config,
                                           outbox::LaneChangeTerms terms)
{
    // The wait happens inside one statement.
    config.postgres.statement_timeout = terms.patience + std::chrono::seconds{20};
    pg::Session session{executor, config.postgres};
    co_return co_await outbox::change_lanes(session, std::move(terms));
}

const char* refusal(outbox::LaneChange outcome)
{
    switch (outcome) {
    case outbox::LaneChange::does_not_divide:
        return "the number does not divide the partitions of a topic. Hint: 1, 2, 4 or 8 of 8";
    case outbox::LaneChange::in_quarantine:
        return "events are in quarantine. Hint: exchange outbox list, then release or discard them";
    case outbox::LaneChange::not_published:
        return "what was appended was not published in time. Hint: is a relay running, and Kafka "
               "up? Otherwise a longer --wait";
    case outbox::LaneChange::changed:
    case outbox::LaneChange::unchanged:
        break;
    }
    return nullptr;
}

int run_set(const Globals& globals, Options options)
{
    if (options.actor.empty()) options.actor = operator_name();
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    outbox::LaneChangeTerms terms;
    terms.lanes = static_cast<std::int16_t>(options.lanes);
    terms.patience = std::chrono::seconds{options.wait_s};
    terms.actor = options.actor;
    terms.reason = options.reason;
    const outbox::LaneChange outcome =
        run_async([&](auto executor) { return change(executor, loaded.config, terms); });
    if (const char* cause = refusal(outcome)) {
        fmt::print(stderr, "exchange: nothing was changed: {}\n", cause);
        return exit_conflict;
    }
    const bool changed = outcome == outbox::LaneChange::changed;
    if (globals.json) {
        const boost::json::object body{{"lanes", options.lanes}, {"changed", changed}};
        fmt::print("{}\n", boost::json::serialize(body));
    } else if (changed) {
        fmt::print("{} lanes from now on; processes that run begin anew with them within seconds\n",
                   options.lanes);
    } else {
        fmt::print("there are {} lanes already; nothing to change\n", options.lanes);
    }
    return exit_ok;
}

}  // namespace

void add_lanes(CLI::App& app, Globals& globals)
{
    CLI::App* noun = app.add_subcommand("lanes", "The ordered shares that the relays publish");
    noun->require_subcommand(1);
    noun->footer("Examples:\n  exchange lanes list\n"
                 "  exchange lanes set 4 --reason \"two more relays\"");
    CLI::App* list_verb = noun->add_subcommand("list", "Show the lanes and who publishes each");
    list_verb->footer("Examples:\n  exchange lanes list\n  exchange lanes list --json");
    list_verb->callback([&globals] { globals.exit_code = run_list(globals); });

    auto options = std::make_shared<Options>();
    CLI::App* set_verb = noun->add_subcommand(
        "set", "Change their number; intake waits until what came before is published");
    set_verb->add_option("NUMBER", options->lanes, "It must divide the partitions of a topic")
        ->required()
        ->check(CLI::Range(1, 64));
    set_verb->add_option("--wait", options->wait_s, "Most seconds that intake waits")
        ->capture_default_str()
        ->check(CLI::Range(1, 300));
    set_verb->add_option("--reason", options->reason, "Why; kept in table audit")
        ->required()
        ->check([](const std::string& text) {
            return text.empty() || text.size() > 500 ? "1 to 500 characters" : "";
        });
    set_verb->add_option("--as", options->actor, "Who decides, for the audit; default user@host");
    set_verb->footer("Examples:\n  exchange lanes set 4 --reason \"two more relays\"\n"
                     "  exchange lanes set 2 --reason \"smaller machine\" --wait 60 --json");
    set_verb->callback([&globals, options] { globals.exit_code = run_set(globals, *options); });
}

}  // namespace exchange::app
