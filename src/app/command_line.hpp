#pragma once

#include "app/commands.hpp"

namespace exchange::app {

// The whole command line: what the program itself takes, and every verb. `globals` must outlive it.
void add_command_line(CLI::App& app, Globals& globals);

}  // namespace exchange::app
