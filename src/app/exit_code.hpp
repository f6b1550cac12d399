#pragma once

#include <exception>

namespace exchange::app {

// What every verb answers to the shell (docs/reference/cli.md).
enum ExitCode : int {
    exit_ok = 0,
    exit_internal = 1,
    exit_usage = 2,
    exit_partial = 3,
    exit_difference = 4,
    exit_unavailable = 5,
    exit_auth = 6,
    exit_conflict = 7,
    exit_interrupted = 130
};

// Of a verb that this exception ended.
ExitCode exit_code_of(const std::exception& error);

// A dependency refused the credentials, or they lack a right: trying again does not help.
bool is_denied(const std::exception& error);

}  // namespace exchange::app
