#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/service.hpp"
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
        if (name == "ingest") roles.ingest = true;
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

int serve(const Globals& globals, const Options& options)
{
    const sigset_t signals = block_signals();
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    if (loaded.config.store.url.empty())
        throw ConfigError{"RAW_STORE is not set. Hint: s3://bucket or file:///directory"};

    std::atomic<bool> stopping = false;
    std::atomic<bool> finished = false;
    // The first signal asks to stop; the second does not wait: what is accepted is in Postgres.
    std::thread watcher{[&] {
        int signal = 0;
        sigwait(&signals, &signal);
        if (finished) return;
        stopping = true;
        stopping.notify_all();
        sigwait(&signals, &signal);
        if (!finished) std::_Exit(exit_interrupted);
    }};
    bool clean = false;
    {
        Service service{loaded.config, parse_roles(options.roles), instance_name()};
        const bool started = service.start(stopping);
        if (started) {
            write_port(options.port_file, service.port());
            stopping.wait(false);
        }
        clean = service.stop() && (started || stopping);
    }
    finished = true;
    // Wakes the watcher out of whichever wait it is in.
    pthread_kill(watcher.native_handle(), SIGTERM);
    watcher.join();
    return clean ? exit_ok : exit_internal;
}

}  // namespace

void add_serve(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("serve", "Run the exchange until SIGTERM");
    verb->add_option("--roles", options->roles, "ingest, relay, or both, comma-separated")
        ->capture_default_str();
    verb->add_option("--port-file", options->port_file,
                     "Write the port there once records are taken (for port 0)");
    verb->footer("Examples:\n  exchange serve\n  exchange serve --roles relay");
    verb->callback([&globals, options] { globals.exit_code = serve(globals, *options); });
}

}  // namespace exchange::app
