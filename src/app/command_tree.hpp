#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

// The command line as plain values. Manual pages and completions are written from these alone, so
// that they name every verb and option there is, and none that is not.
namespace exchange::app {

struct CommandOption {
    std::vector<std::string> names;    // "-h", "--help"; none for an argument
    std::string argument;              // "FILES"; empty for an option
    std::string value;                 // what it takes: "FILE", "INT"; empty for a flag
    std::vector<std::string> choices;  // where only these are taken
    std::string bounds;                // as "1 to 1000"; empty where there are none
    std::string fallback;
    std::string description;
    bool required = false;
    bool repeated = false;

    bool takes_file() const { return value == "FILE"; }
};

struct Command {
    std::vector<std::string> path;  // {"outbox", "list"}; empty for the program itself
    std::string description;
    std::string footer;
    std::vector<CommandOption> options;
    std::vector<Command> verbs;
};

// Without what is hidden from --help.
Command read_commands(const CLI::App& app);

// The words of a path, each with `before` in front: path_text({"a", "b"}, "-") is "-a-b".
std::string path_text(const Command& command, const char* before);

// The command and everything below it, parents first.
std::vector<const Command*> all_commands(const Command& root);

// The command's options, and those of the program, which are understood at every place.
std::vector<CommandOption> options_at(const Command& root, const Command& command);

}  // namespace exchange::app
