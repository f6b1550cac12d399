#include "app/command_line.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/suggest.hpp"
#include "backup/errors.hpp"
#include "kafka/errors.hpp"
#include "objects/raw_store.hpp"
#include "pg/errors.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <stdexcept>

namespace exchange::app {
namespace {

int failed(int exit_code, const char* what)
{
    fmt::print(stderr, "exchange: {}\n", what);
    return exit_code;
}

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
    } catch (const ConfigError& error) {
        return failed(exit_usage, error.what());
    } catch (const std::invalid_argument& error) {
        return failed(exit_usage, error.what());
    } catch (const pg::Unavailable& error) {
        return failed(exit_unavailable, error.what());
    } catch (const kafka::Error& error) {
        return failed(error.fault() == kafka::Fault::denied ? exit_auth : exit_unavailable,
                      error.what());
    } catch (const objects::StoreError& error) {
        return failed(exit_unavailable, error.what());
    } catch (const backup::Damaged& error) {
        return failed(exit_difference, error.what());
    } catch (const backup::Conflict& error) {
        return failed(exit_conflict, error.what());
    } catch (const backup::Unavailable& error) {
        return failed(exit_unavailable, error.what());
    } catch (const std::exception& error) {
        return failed(exit_internal, error.what());
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
