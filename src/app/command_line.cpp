#include "app/command_line.hpp"

#include "app/cmd_push.hpp"

namespace exchange::app {

void add_command_line(CLI::App& app, Globals& globals)
{
    app.description("exchange: takes health records durably and announces them on Kafka");
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--config", globals.config_path, "TOML file (also: EXCHANGE_CONFIG)")
        ->type_name("FILE");
    app.add_flag("--json", globals.json, "Print one JSON document on standard output");
    add_serve(app, globals);
    add_migrate(app, globals);
    add_check(app, globals);
    add_topics(app, globals);
    add_outbox(app, globals);
    add_lanes(app, globals);
    add_pins(app, globals);
    add_reconcile(app, globals);
    add_push(app, globals);
    add_backup(app, globals);
    add_restore(app, globals);
    add_version(app, globals);
    add_completion(app, globals);
    add_manual(app, globals);
    app.footer("Exit codes: 0 ok, 1 internal, 2 usage, 3 partial, 4 difference found, "
               "5 dependency unavailable, 6 auth, 7 conflict, 130 interrupted.\n"
               "Examples:\n  exchange check\n  exchange serve");
}

}  // namespace exchange::app
