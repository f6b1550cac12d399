#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/service.hpp"
#include "base/failpoint.hpp"
#include "base/random.hpp"
#include "base/uuid.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>
#include <unistd.h>

namespace exchange::app {
namespace {

struct Options {
    std::string roles = "ingest,relay";
    std::string port_file;
};

Roles parse_roles(const std::string& text)
{
    Roles roles{false, false};
    std::size_t from = 0;
    while (from <= text.size()) {
        const std::size_t comma = std::min(text.find(',', from), text.size());
        const std::string name = text.substr(from, comma - from);
        if (name == "all") roles = {true, true};
        else if (name == "ingest") roles.ingest = true;
        else if (name == "relay") roles.relay = true;
        else
            throw ConfigError{
                fmt::format("\"{}\" is not a role. Hint: --roles ingest,relay", name)};
        from = comma + 1;
    }
    return roles;
}

// Signals are taken by threads of their own with sigwait: every other thread starts with them
// blocked, so no code ever runs inside a signal handler.
sigset_t block_signals()
{
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

// Unique among processes, also after a restart of the machine: a lease must not be taken for ours.
std::string instance_name()
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    SystemRandom random;
    Uuid id;
    random.fill(id.bytes);
    return fmt::format("{}/{}/{}", host, getpid(), to_string(id).substr(0, 8));
}

// Readers of the file must never see half a number.
void write_port(const std::string& path, std::uint16_t port)
{
    if (path.empty()) return;
    const std::string part = path + ".part";
    std::ofstream{part} << port << '\n';
    if (std::rename(part.c_str(), path.c_str()) != 0)
        throw ConfigError{fmt::format("--port-file {} cannot be written", path)};
}

// What is wanted of the process. Takes signals on a thread of its own, for as long as it lives: the
// first asks to stop; the second does not wait: what is accepted is in Postgres.
class StopWatch {
public:
    explicit StopWatch(const sigset_t& signals) : signals_{signals}, thread_{[this] { watch(); }} {}
    ~StopWatch()
    {
        finished_ = true;
        // Wakes the thread out of whichever wait it is in.
        pthread_kill(thread_.native_handle(), SIGTERM);
        thread_.join();
    }
    StopWatch(const StopWatch&) = delete;
    StopWatch& operator=(const StopWatch&) = delete;

    const std::atomic<Wanted>& wanted() const { return wanted_; }
    void begin_again() { change(Wanted::run, Wanted::begin_again); }
    void run() { change(Wanted::begin_again, Wanted::run); }

private:
    // A wish to stop stays.
    void change(Wanted from, Wanted to)
    {
        wanted_.compare_exchange_strong(from, to);
        wanted_.notify_all();
    }

    void watch()
    {
        int signal = 0;
        sigwait(&signals_, &signal);
        if (finished_) return;
        wanted_ = Wanted::stop;
        wanted_.notify_all();
        sigwait(&signals_, &signal);
        if (!finished_) std::_Exit(exit_interrupted);
    }

    sigset_t signals_;
    std::atomic<Wanted> wanted_ = Wanted::run;
    std::atomic<bool> finished_ = false;
    std::thread thread_;
};

// Runs the exchange until something else is wanted. Answers whether it ended well.
bool serve_once(Config& config, const Options& options, StopWatch& watch)
{
    watch.run();
    Service service{config, parse_roles(options.roles), instance_name(),
                    [&watch] { watch.begin_again(); }};
    const bool started = service.start(watch.wanted());
    if (started) {
        write_port(options.port_file, service.port());
        watch.wanted().wait(Wanted::run);
    }
    // Where it listened on any port, it goes on with that one.
    const std::size_t colon = config.listen_addr.rfind(':');
    config.listen_addr = fmt::format("{}:{}", config.listen_addr.substr(0, colon), service.port());
    return service.stop() && (started || watch.wanted() == Wanted::stop);
}

int serve(const Globals& globals, const Options& options)
{
    const sigset_t signals = block_signals();
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    if (loaded.config.store.url.empty())
        throw ConfigError{"RAW_STORE is not set. Hint: s3://bucket or file:///directory"};

    const ArmedFailpoints failpoints{loaded.config.failpoints};
    StopWatch watch{signals};
    Config config = loaded.config;
    bool clean = serve_once(config, options, watch);
    while (watch.wanted() == Wanted::begin_again) {
        try {
            clean = serve_once(config, options, watch);
        } catch (const ConfigError& failure) {
            // The settings were right before: whoever watches over this process may try again.
            throw std::runtime_error{failure.what()};
        }
    }
    return clean ? exit_ok : exit_internal;
}

}  // namespace

void add_serve(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("serve", "Run the exchange until SIGTERM");
    verb->add_option("--roles", options->roles, "ingest, relay or both, comma-separated, or all")
        ->capture_default_str();
    verb->add_option("--port-file", options->port_file,
                     "Write the port there once records are taken (for port 0)")
        ->type_name("FILE");
    verb->footer("Examples:\n  exchange serve\n  exchange serve --roles relay");
    verb->callback([&globals, options] { globals.exit_code = serve(globals, *options); });
}

}  // namespace exchange::app
