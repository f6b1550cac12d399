#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/run_async.hpp"
#include "app/version.hpp"
#include "backup/backup.hpp"

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
    std::string to;
    bool objects = false;
};

void tell(const std::string& what)
{
    fmt::print(stderr, "{}\n", what);
}

asio::awaitable<backup::Document> make(asio::any_io_executor executor, Config config,
                                       Options options)
{
    backup::BackupTerms terms;
    terms.to = options.to;
    terms.objects = options.objects;
    // Of the two roles the owner's: the service's may not read all.
    terms.conninfo =
        config.migrate_conninfo.empty() ? config.postgres.conninfo : config.migrate_conninfo;
    const char* path = std::getenv("PATH");
    terms.search_path = path ? path : "";
    terms.version = version;
    terms.at_once = config.store.connections_max;
    terms.tell = tell;
    pg::ConnectConfig postgres = config.postgres;
    postgres.conninfo = terms.conninfo;
    pg::Session session{executor, std::move(postgres)};
    const auto store = objects::open_store(executor, config.store);
    co_return co_await backup::back_up(session, *store, std::move(terms));
}

std::uint64_t bytes_of(const backup::Document& document, const char* name)
{
    for (const backup::FileFacts& file : document.files)
        if (file.name == name) return file.size;
    return 0;
}

int run(const Globals& globals, const Options& options)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    // What it writes holds raw bytes, and so identity: for its owner alone.
    ::umask(077);
    const TimePoint started = SteadyClock::now();
    const backup::Document made =
        run_async([&](auto executor) { return make(executor, loaded.config, options); });
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
    const std::uint64_t dump = bytes_of(made, backup::dump_name);
    if (globals.json) {
        const boost::json::object body{{"directory", options.to},
                                       {"schema", made.schema},
                                       {"database_bytes", dump},
                                       {"objects", made.objects},
                                       {"object_bytes", made.object_bytes},
                                       {"objects_copied", made.objects_copied},
                                       {"objects_elsewhere", made.objects_elsewhere},
                                       {"seconds", seconds}};
        fmt::print("{}\n", boost::json::serialize(body));
        return exit_ok;
    }
    fmt::print("{}: schema {}, a dump of {} bytes, {} objects of {} bytes {}; {:.1f} s\n",
               options.to, made.schema, dump, made.objects, made.object_bytes,
               made.objects_copied ? "copied" : "listed, which stay in the raw store", seconds);
    if (made.objects_elsewhere > 0)
        fmt::print("{} objects are in other stores and are not part of it\n",
                   made.objects_elsewhere);
    return exit_ok;
}

}  // namespace

void add_backup(CLI::App& app, Globals& globals)
{
    auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand(
        "backup", "Dump the database, and list or copy the objects it names, while all runs");
    verb->add_option("--to", options->to, "A folder that does not exist yet")
        ->required()
        ->type_name("FILE");
    verb->add_flag("--objects", options->objects, "Copy the objects of the raw store, too");
    verb->footer("Examples:\n  exchange backup --to /var/backups/exchange/monday\n"
                 "  exchange backup --to /mnt/backup/monday --objects --json");
    verb->callback([&globals, options] { globals.exit_code = run(globals, *options); });
}

}  // namespace exchange::app
