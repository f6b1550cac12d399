#include "app/cmd_push.hpp"

#include "app/exit_code.hpp"
#include "push/push.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <unistd.h>

namespace exchange::app {
namespace {

constexpr const char* footer =
    "Each line is one request body, sent byte for byte. Its Idempotency-Key is made from its "
    "bytes\n"
    "and the number of equal lines before it in the input: pushing a file again, also under "
    "another\n"
    "name, stores nothing twice, while equal lines within one push are records of their own.\n"
    "Blank lines are passed over. Lines are not kept in order. Rejected lines (400, 409, 413, "
    "...)\n"
    "are recorded and passed; 401 and 403 stop the push; anything else is repeated.\n"
    "Ctrl-C ends what is in flight and prints the command that resumes.\n"
    "Exit codes: 0 all accepted or replayed, 2 usage or no exchange at --url, 3 some rejected,\n"
    "5 gave up, 6 token refused, 130 interrupted.\n"
    "Examples:\n"
    "  exchange push --results results.ndjson january.ndjson february.ndjson\n"
    "  zcat claims.ndjson.gz | exchange push --url https://exchange.example --api v2 -";

struct Arguments {
    push::PushOptions options;
    double give_up_after_s = 0;
    double timeout_s = 60;
    bool quiet = false;
};

Duration seconds(double count)
{
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(count));
}

std::string token_for(const push::PushOptions& options)
{
    const char* token = std::getenv(options.token_env.c_str());
    if (token != nullptr && *token != '\0') return token;
    return push::is_loopback(options.url) ? "dev" : "";
}

push::ProgressStyle progress_style(bool quiet)
{
    if (quiet) return push::ProgressStyle::none;
    return ::isatty(STDERR_FILENO) == 1 ? push::ProgressStyle::bar : push::ProgressStyle::lines;
}

int run(Arguments& arguments, bool json)
{
    push::PushOptions& options = arguments.options;
    if (arguments.give_up_after_s > 0) options.give_up_after = seconds(arguments.give_up_after_s);
    options.request_timeout = seconds(arguments.timeout_s);
    options.progress = progress_style(arguments.quiet);
    try {
        options.token = token_for(options);
        const push::PushReport report = push::push(options);
        if (json) fmt::print("{}", push::render_json(report));
        // A push that ended early says so even when asked to be quiet.
        const bool told = arguments.quiet && report.end == push::PushEnd::complete;
        if (!told && (!json || report.end != push::PushEnd::complete))
            fmt::print(stderr, "{}", push::render_text(report, options));
        return push::exit_code(report);
    } catch (const push::PushUsageError& error) {
        fmt::print(stderr, "exchange: {}\n", error.what());
        return exit_usage;
    }
}

void add_options(CLI::App& verb, Arguments& arguments)
{
    push::PushOptions& options = arguments.options;
    verb.add_option("FILES", options.files, "NDJSON files; - is standard input")
        ->required()
        ->type_name("FILE");
    verb.add_option("--url", options.url, "Where the exchange is: http(s)://host[:port]")
        ->capture_default_str();
    verb.add_option("--api", options.api, "Version of the bodies")
        ->check(CLI::IsMember({"v1", "v2"}))
        ->capture_default_str();
    verb.add_option("--token-env", options.token_env,
                    "Variable that holds the bearer token; if unset, `dev` on this machine")
        ->capture_default_str();
    verb.add_option("--connections", options.connections, "Requests in flight")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    verb.add_option("--results", options.results_file,
                    "Append what became of each line; lines settled in it are not sent again")
        ->type_name("FILE");
    verb.add_option("--key-prefix", options.key_prefix, "Begins every Idempotency-Key")
        ->capture_default_str();
    verb.add_option("--give-up-after", arguments.give_up_after_s,
                    "Seconds without a record settled; 0 retries for ever")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    verb.add_option("--timeout", arguments.timeout_s, "Seconds for one attempt")
        ->check(CLI::Range(1.0, 3600.0))
        ->capture_default_str();
    verb.add_flag("--quiet", arguments.quiet, "No progress, and no summary of a complete push");
}

}  // namespace

void add_push(CLI::App& app, Globals& globals)
{
    CLI::App* verb = app.add_subcommand("push", "Send files of records, each line one");
    const auto arguments = std::make_shared<Arguments>();
    add_options(*verb, *arguments);
    verb->footer(footer);
    verb->callback([&globals, arguments] { globals.exit_code = run(*arguments, globals.json); });
}

}  // namespace exchange::app
