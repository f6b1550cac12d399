#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Runs another program to its end and blocks meanwhile. It inherits nothing of the environment but
// what is named here: secrets of ours are not its business.
namespace exchange::backup {

struct Command {
    std::string program;
    // Everybody may read them: no secrets.
    std::vector<std::string> arguments;
    // Beside PATH, HOME, TMPDIR, TZ and libpq's PG*.
    std::map<std::string, std::string> environment;
    // Of its standard output; empty: thrown away.
    std::function<void(std::string_view)> on_output;
};

struct Ended {
    // As a shell counts: 128 and more for a signal.
    int code = 0;
    // What it complained of in one line, without what a client sent; empty when it said nothing.
    std::string complaint;
};

// Throws Unavailable when it cannot be started.
Ended run(const Command& command);

// The first line of a client program's error output that says what is wrong. Pure.
std::string complaint_in(std::string_view errors);

}  // namespace exchange::backup
