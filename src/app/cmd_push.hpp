#pragma once

#include "app/commands.hpp"

namespace exchange::app {

// `exchange push`: the verb over src/push.
void add_push(CLI::App& app, Globals& globals);

}  // namespace exchange::app
