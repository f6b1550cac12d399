#include "app/command_tree.hpp"

#include <algorithm>

namespace exchange::app {
namespace {

// Validators put themselves behind the type: "TEXT:{v1,v2}", "INT:INT in [1 - 1000]".
void read_type(const std::string& type, CommandOption& option)
{
    const auto between = [&](char open, char close) -> std::string {
        const std::size_t begin = type.find(open) + 1;
        const std::size_t end = type.rfind(close);
        if (begin == 0 || end == std::string::npos) return {};
        return type.substr(begin, end - begin);
    };
    option.value = type.substr(0, type.find(':'));
    const std::string members = between('{', '}');
    if (!members.empty()) option.choices = CLI::detail::split(members, ',');
    option.bounds = between('[', ']');
    const std::size_t minus = option.bounds.find(" - ");
    if (minus != std::string::npos) option.bounds.replace(minus, 3, " to ");
}

CommandOption read_option(const CLI::Option& given)
{
    CommandOption option;
    for (const std::string& name : given.get_snames()) option.names.push_back("-" + name);
    for (const std::string& name : given.get_lnames()) option.names.push_back("--" + name);
    if (given.get_positional()) option.argument = given.get_name(true);
    option.repeated = given.get_items_expected_max() > 1;
    if (given.get_items_expected_max() > 0) read_type(given.get_type_name(), option);
    option.fallback = given.get_default_str();
    option.description = given.get_description();
    option.required = given.get_required();
    return option;
}

Command read(const CLI::App& app, std::vector<std::string> path)
{
    Command command;
    command.path = std::move(path);
    command.description = app.get_description();
    command.footer = app.get_footer();
    for (const CLI::Option* option : app.get_options())
        if (!option->get_group().empty()) command.options.push_back(read_option(*option));
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (verb->get_group().empty()) continue;
        std::vector<std::string> below = command.path;
        below.push_back(verb->get_name());
        command.verbs.push_back(read(*verb, std::move(below)));
    }
    return command;
}

void collect(const Command& command, std::vector<const Command*>& all)
{
    all.push_back(&command);
    for (const Command& verb : command.verbs) collect(verb, all);
}

}  // namespace

Command read_commands(const CLI::App& app)
{
    return read(app, {});
}

std::string path_text(const Command& command, const char* before)
{
    std::string text;
    for (const std::string& word : command.path) text += before + word;
    return text;
}

std::vector<const Command*> all_commands(const Command& root)
{
    std::vector<const Command*> all;
    collect(root, all);
    return all;
}

std::vector<CommandOption> options_at(const Command& root, const Command& command)
{
    std::vector<CommandOption> options = command.options;
    if (&root == &command) return options;
    for (const CommandOption& option : root.options) {
        const bool known =
            std::any_of(command.options.begin(), command.options.end(),
                        [&](const CommandOption& own) { return own.names == option.names; });
        if (!known) options.push_back(option);
    }
    return options;
}

}  // namespace exchange::app
