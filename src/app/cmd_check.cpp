#include "app/checks.hpp"
#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/probe.hpp"
#include "app/run_async.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <memory>

namespace exchange::app {
namespace {

constexpr std::chrono::seconds patience{3};

struct Options {
    bool reference = false;
    bool live = false;
    bool ready = false;
};

const char* word(obs::Condition condition)
{
    return condition == obs::Condition::ok         ? "ok"
           : condition == obs::Condition::degraded ? "degraded"
                                                   : "failed";
}

void print_json(const LoadedConfig& loaded, const std::vector<Check>& checks, bool passed)
{
    boost::json::object body{{"passed", passed}};
    boost::json::array settings;
    for (const EffectiveSetting& setting : loaded.settings)
        settings.push_back(boost::json::object{
            {"name", setting.name}, {"value", setting.value}, {"origin", setting.origin}});
    boost::json::array results;
    for (const Check& check : checks)
        results.push_back(boost::json::object{{"name", check.name},
                                              {"condition", word(check.status.condition)},
                                              {"detail", check.detail},
                                              {"cause", check.status.cause},
                                              {"remedy", check.status.remedy}});
    body["settings"] = std::move(settings);
    body["checks"] = std::move(results);
    fmt::print("{}\n", boost::json::serialize(body));
}

void print_text(const LoadedConfig& loaded, const std::vector<Check>& checks)
{
    fmt::print("Settings\n");
    for (const EffectiveSetting& setting : loaded.settings)
        fmt::print("  {:<26} {:<32} {}\n", setting.name,
                   setting.value.empty() ? "(empty)" : setting.value, setting.origin);
    fmt::print("\nChecks\n");
    for (const Check& check : checks) {
        fmt::print("  {:<9} {:<26} {}\n", word(check.status.condition), check.name, check.detail);
        if (check.status.condition == obs::Condition::ok) continue;
        fmt::print("            cause:  {}\n            remedy: {}\n", check.status.cause,
                   check.status.remedy);
    }
}

// docs/reference/configuration.md is this output, so that it cannot drift.
void print_reference(const LoadedConfig& loaded)
{
    fmt::print("| setting | default | meaning |\n|---|---|---|\n");
    for (const EffectiveSetting& setting : loaded.settings)
        fmt::print("| `{}` | {} | {} |\n", setting.name,
                   setting.fallback.empty() ? "empty" : "`" + setting.fallback + "`",
                   setting.description);
}

int run_probe(const LoadedConfig& loaded, const std::string& path, bool json)
{
    const std::string origin = origin_of_listener(loaded.config.listen_addr);
    const ProbeAnswer answer =
        run_async([&](auto) { return probe(origin, path, SteadyClock::now() + patience); });
    if (json) {
        const boost::json::object body{{"passed", answer.passed}, {"detail", answer.detail}};
        fmt::print("{}\n", boost::json::serialize(body));
    } else {
        fmt::print("{}\n", answer.detail);
    }
    return answer.passed ? exit_ok : exit_unavailable;
}

// Of the checks that failed: refused credentials alone, or something that may come back.
int exit_code_of_checks(const std::vector<Check>& checks)
{
    bool failed = false;
    for (const Check& check : checks) {
        if (check.status.condition != obs::Condition::failed) continue;
        if (!check.denied) return exit_unavailable;
        failed = true;
    }
    return failed ? exit_auth : exit_ok;
}

int run(const Globals& globals, const Options& options)
{
    if (options.reference) {
        print_reference(load_config({}, {}));
        return exit_ok;
    }
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    if (options.live) return run_probe(loaded, "/livez", globals.json);
    if (options.ready) return run_probe(loaded, "/readyz", globals.json);
    const std::vector<Check> checks =
        run_async([&](auto executor) { return run_checks(executor, loaded.config); });
    const int exit_code = exit_code_of_checks(checks);
    if (globals.json) print_json(loaded, checks, exit_code == exit_ok);
    else print_text(loaded, checks);
    return exit_code;
}

}  // namespace

void add_check(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand(
        "check", "Show the effective settings and try every dependency; exit 5 when one fails, 6 "
                 "when credentials are all that fails");
    verb->add_flag("--reference", options->reference,
                   "Print the reference of all settings as Markdown, and try nothing");
    CLI::Option* live = verb->add_flag(
        "--live", options->live,
        "Only ask the exchange that serves at LISTEN_ADDR whether it lives; exit 5 when not");
    verb->add_flag("--ready", options->ready,
                   "Only ask it whether it may be sent requests; exit 5 when not")
        ->excludes(live);
    verb->footer("Examples:\n  exchange check\n  exchange check --json\n  exchange check --live");
    verb->callback([&globals, options] { globals.exit_code = run(globals, *options); });
}

}  // namespace exchange::app
