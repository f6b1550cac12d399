#include "app/command_line.hpp"
#include "app/exit_code.hpp"
#include "app/suggest.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>

namespace exchange::app {
namespace {

int parse_and_run(CLI::App& app, Globals& globals, int argc, char** argv)
{
    try {
        app.parse(argc, argv);
        return globals.exit_code;
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        const std::string hint = suggest(app, {argv + 1, argv + argc});
        app.exit(error, std::cout, std::cerr);
        if (!hint.empty()) fmt::print(stderr, "Did you mean: exchange {}?\n", hint);
        return exit_usage;
    } catch (const std::exception& error) {
        fmt::print(stderr, "exchange: {}\n", error.what());
        return exit_code_of(error);
    }
}

}  // namespace
}  // namespace exchange::app

int main(int argc, char** argv)
{
    using namespace exchange::app;
    Globals globals;
    CLI::App app;
    add_command_line(app, globals);
    return parse_and_run(app, globals, argc, argv);
}
