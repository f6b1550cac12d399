#pragma once

#include <CLI/CLI.hpp>

#include <string>

// One function a verb: adds it to the command line. The verb's callback sets `exit_code`.
namespace exchange::app {

struct Globals {
    std::string config_path;
    bool json = false;
    int exit_code = 0;
};

void add_serve(CLI::App& app, Globals& globals);
void add_migrate(CLI::App& app, Globals& globals);
void add_check(CLI::App& app, Globals& globals);
void add_topics(CLI::App& app, Globals& globals);
void add_outbox(CLI::App& app, Globals& globals);
void add_lanes(CLI::App& app, Globals& globals);
void add_pins(CLI::App& app, Globals& globals);
void add_reconcile(CLI::App& app, Globals& globals);
void add_backup(CLI::App& app, Globals& globals);
void add_restore(CLI::App& app, Globals& globals);
void add_version(CLI::App& app, Globals& globals);
void add_completion(CLI::App& app, Globals& globals);
void add_manual(CLI::App& app, Globals& globals);

}  // namespace exchange::app
