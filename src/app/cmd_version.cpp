#include "app/commands.hpp"
#include "app/version.hpp"
#include "pg/migrations_data.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace exchange::app {
namespace {

std::string told(const Globals& globals)
{
    const int schema = pg::migrations.back().number;
    if (!globals.json)
        return fmt::format("exchange {} (commit {}, schema {})", version, commit, schema);
    const boost::json::object body{{"version", version}, {"commit", commit}, {"schema", schema}};
    return boost::json::serialize(body);
}

}  // namespace

void add_version(CLI::App& app, Globals& globals)
{
    // Options are taken in the order in which they were added, so that --json is known by then.
    app.set_version_flag(
        "--version", [&globals] { return told(globals); }, "Version, commit and schema version");
    CLI::App* verb = app.add_subcommand("version", "Version, commit and schema version");
    verb->footer("Examples:\n  exchange version\n  exchange version --json");
    verb->callback([&globals] { fmt::print("{}\n", told(globals)); });
}

}  // namespace exchange::app
