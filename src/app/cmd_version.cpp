#include "app/commands.hpp"
#include "app/version.hpp"
#include "pg/migrations_data.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace exchange::app {

void add_version(CLI::App& app, Globals& globals)
{
    CLI::App* verb = app.add_subcommand("version", "Version, commit and schema version");
    verb->footer("Examples:\n  exchange version\n  exchange version --json");
    verb->callback([&globals] {
        const int schema = pg::migrations.back().number;
        if (globals.json) {
            const boost::json::object body{
                {"version", version}, {"commit", commit}, {"schema", schema}};
            fmt::print("{}\n", boost::json::serialize(body));
        } else {
            fmt::print("exchange {} (commit {}, schema {})\n", version, commit, schema);
        }
    });
}

}  // namespace exchange::app
