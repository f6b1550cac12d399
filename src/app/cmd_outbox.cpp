#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/operator_name.hpp"
#include "app/outbox_output.hpp"
#include "app/run_async.hpp"
#include "outbox/quarantine.hpp"

#include <fmt/format.h>

#include <memory>

namespace exchange::app {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds patience{30};
constexpr int page_rows = 1000;

struct Options {
    std::int64_t id = 0;
    int lane = -1;
    std::string code;
    std::string record;
    std::string reason;
    std::string actor;
    int limit = 100;
    bool decided = false;
    bool all = false;
};

TimePoint soon()
{
    return SteadyClock::now() + patience;
}

asio::awaitable<std::vector<outbox::LaneConservation>> read_status(asio::any_io_executor executor,
                                                                   pg::ConnectConfig config)
{
    pg::Session session{executor, std::move(config)};
    co_return co_await outbox::read_conservation(session, soon());
}

int status(const Globals& globals)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto lanes =
        run_async([&](auto executor) { return read_status(executor, loaded.config.postgres); });
    print_status(lanes, globals.json);
    bool balanced = true;
    for (const outbox::LaneConservation& lane : lanes) balanced &= lane.difference() == 0;
    return balanced ? exit_ok : exit_difference;
}

outbox::QuarantineFilter make_filter(const Options& options)
{
    outbox::QuarantineFilter filter;
    if (options.lane >= 0) filter.lane = LaneId{static_cast<std::int16_t>(options.lane)};
    filter.code = options.code;
    filter.decided = options.decided;
    if (options.record.empty()) return filter;
    const std::optional<Uuid> record = parse_uuid(options.record);
    if (!record) throw std::invalid_argument{"--record is no UUID"};
    filter.record = RecordId{*record};
    return filter;
}

// What the verbs about single rows work with; lives as long as the coroutine that uses it.
struct Desk {
    Desk(const asio::any_io_executor& executor, const Config& config)
        : session{executor, config.postgres},
          store{objects::open_store(executor, config.store)},
          quarantine{session, *store}
    {
    }

    pg::Session session;
    std::unique_ptr<objects::RawStore> store;
    outbox::Quarantine quarantine;
};

asio::awaitable<std::vector<outbox::QuarantineEntry>> read_list(asio::any_io_executor executor,
                                                                Config config, Options options)
{
    Desk desk{executor, config};
    std::vector<outbox::QuarantineEntry> all;
    OutboxId after;
    while (static_cast<int>(all.size()) < options.limit) {
        const int rows = std::min(page_rows, options.limit - static_cast<int>(all.size()));
        outbox::QuarantineFilter filter = make_filter(options);
        auto page = co_await desk.quarantine.list(std::move(filter), after, rows, soon());
        if (page.empty()) break;
        after = page.back().id;
        for (outbox::QuarantineEntry& entry : page) all.push_back(std::move(entry));
    }
    co_return all;
}

asio::awaitable<std::optional<outbox::QuarantineDetails>> read_one(asio::any_io_executor executor,
                                                                   Config config, OutboxId id)
{
    Desk desk{executor, config};
    co_return co_await desk.quarantine.show(id, soon());
}

asio::awaitable<outbox::AppendedAgain> decide(asio::any_io_executor executor, Config config,
                                              outbox::Decision decision, bool release)
{
    Desk desk{executor, config};
    if (release) co_return co_await desk.quarantine.release(std::move(decision), soon());
    co_return co_await desk.quarantine.discard(std::move(decision), soon());
}

int list(const Globals& globals, const Options& options)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto entries =
        run_async([&](auto executor) { return read_list(executor, loaded.config, options); });
    print_entries(entries, globals.json);
    return exit_ok;
}

int show(const Globals& globals, const Options& options)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto details = run_async(
        [&](auto executor) { return read_one(executor, loaded.config, OutboxId{options.id}); });
    if (!details)
        throw std::invalid_argument{fmt::format(
            "outbox row {} is not in quarantine. Hint: exchange outbox list", options.id)};
    print_details(*details, globals.json);
    return exit_ok;
}

int decide(const Globals& globals, const Options& options, bool release)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    outbox::Decision decision;
    decision.id = OutboxId{options.id};
    decision.all = options.all;
    decision.actor = options.actor.empty() ? operator_name() : options.actor;
    decision.reason = options.reason;
    const auto appended = run_async([&](auto executor) {
        return decide(executor, loaded.config, std::move(decision), release);
    });
    print_decision(options.id, release, appended, globals.json);
    return exit_ok;
}

void add_decision_options(CLI::App* verb, const std::shared_ptr<Options>& options)
{
    verb->add_option("id", options->id, "The outbox row, as exchange outbox list shows it")
        ->required();
    verb->add_option("--reason", options->reason, "Kept in the audit; write no identity here")
        ->required()
        ->check(CLI::Validator(
            [](std::string& text) {
                return text.empty() || text.size() > 500 ? "1 to 500 characters" : "";
            },
            "TEXT"));
    verb->add_option("--as", options->actor, "Who decides, for the audit; default user@host");
}

void add_decisions(CLI::App* noun, Globals& globals, const std::shared_ptr<Options>& options)
{
    CLI::App* release = noun->add_subcommand(
        "release", "Publish a row in quarantine after all, and then those that wait for it");
    add_decision_options(release, options);
    release->footer(
        "Examples:\n  exchange outbox release 4711 --reason \"topic limit raised\"\n"
        "  exchange outbox release 4711 --reason \"granted\" --as ops@example.org --json");
    release->callback([&globals, options] { globals.exit_code = decide(globals, *options, true); });

    CLI::App* discard = noun->add_subcommand(
        "discard", "Give up the event of a row in quarantine, and publish those that wait for it");
    add_decision_options(discard, options);
    discard->add_flag("--all", options->all, "Give up all later rows of its record, too");
    discard->footer("Examples:\n  exchange outbox discard 4711 --reason \"sent twice by clinic\"\n"
                    "  exchange outbox discard 4711 --all --reason \"a test's record\" --json");
    discard->callback(
        [&globals, options] { globals.exit_code = decide(globals, *options, false); });
}

}  // namespace

void add_outbox(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* noun =
        app.add_subcommand("outbox", "Where accepted events are, and those that were passed over");
    noun->require_subcommand(1);
    noun->footer("Examples:\n  exchange outbox status\n"
                 "  exchange outbox release 4711 --reason \"topic limit raised\"");
    CLI::App* status_verb = noun->add_subcommand(
        "status",
        "Count accepted, published, pending, quarantined; exit 4 when they do not add up");
    status_verb->footer("Examples:\n  exchange outbox status\n  exchange outbox status --json");
    status_verb->callback([&globals] { globals.exit_code = status(globals); });

    CLI::App* list_verb = noun->add_subcommand("list", "Rows in quarantine, in order");
    list_verb->add_option("--lane", options->lane, "Only of this lane");
    list_verb->add_option("--code", options->code, "Only passed over for this, e.g. key_held");
    list_verb->add_option("--record", options->record, "Only of this record");
    list_verb->add_option("--limit", options->limit, "Rows at most; default 100")
        ->check(CLI::Range(1, 1'000'000));
    list_verb->add_flag("--decided", options->decided, "Released and discarded rows, too");
    list_verb->footer("Examples:\n  exchange outbox list --lane 0 --decided\n"
                      "  exchange outbox list --code message_too_large --json");
    list_verb->callback([&globals, options] { globals.exit_code = list(globals, *options); });

    CLI::App* show_verb = noun->add_subcommand("show", "One row in quarantine, without identity");
    show_verb->add_option("id", options->id, "The outbox row")->required();
    show_verb->footer("Examples:\n  exchange outbox show 4711\n  exchange outbox show 4711 --json");
    show_verb->callback([&globals, options] { globals.exit_code = show(globals, *options); });
    add_decisions(noun, globals, options);
}

}  // namespace exchange::app
