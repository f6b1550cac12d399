#include "app/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace exchange::app {
namespace {

constexpr const char* head =
    "#compdef exchange\n# Completes exchange in zsh. Written by `exchange completion zsh`.\n";

// Loaded from a folder of functions this file is the body of _exchange; sourced, it is not.
constexpr const char* tail = R"(
if [[ $funcstack[1] == _exchange ]]; then
    _exchange "$@"
else
    compdef _exchange exchange
fi
)";

std::string quoted(const std::string& text, const char* special)
{
    std::string out;
    for (const char c : text) {
        if (c == '\'') out += "'\\''";
        else if (std::string_view{special}.find(c) != std::string_view::npos) out += {'\\', c};
        else out += c;
    }
    return out;
}

std::string values_of(const CommandOption& option)
{
    if (option.takes_file()) return "_files";
    if (!option.choices.empty()) return fmt::format("({})", fmt::join(option.choices, " "));
    return " ";
}

// One argument of _arguments.
std::string specification(const CommandOption& option)
{
    if (!option.argument.empty())
        return fmt::format("'{}:{}:{}'", option.repeated ? "*" : "1", option.argument,
                           values_of(option));
    const std::string told = fmt::format("[{}]", quoted(option.description, "[]:\\"));
    const std::string value =
        option.value.empty() ? "" : fmt::format(":{}:{}", option.value, values_of(option));
    if (option.names.size() == 1)
        return fmt::format("'{}{}{}{}'", option.names[0], value.empty() ? "" : "=", told, value);
    return fmt::format("'({})'{{{}}}'{}{}'", fmt::join(option.names, " "),
                       fmt::join(option.names, ","), told, value);
}

std::string function_name(const Command& command)
{
    return "_exchange" + path_text(command, "_");
}

std::string function(const Command& root, const Command& command)
{
    std::string options, verbs, cases;
    for (const CommandOption& option : options_at(root, command))
        options += " \\\n        " + specification(option);
    if (command.verbs.empty())
        return fmt::format("\n{}() {{\n    _arguments{}\n}}\n", function_name(command), options);
    for (const Command& verb : command.verbs) {
        verbs += fmt::format("                '{}:{}'\n", verb.path.back(),
                             quoted(verb.description, "\\"));
        cases += fmt::format("                {}) {} ;;\n", verb.path.back(), function_name(verb));
    }
    return fmt::format("\n{}() {{\n    local curcontext=$curcontext state line\n"
                       "    typeset -A opt_args\n"
                       "    _arguments -C{} \\\n        '1: :->verb' \\\n        '*:: :->rest'\n"
                       "    case $state in\n        verb)\n            local -a verbs=(\n{}"
                       "            )\n            _describe -t verbs verb verbs\n            ;;\n"
                       "        rest)\n            case $words[1] in\n{}            esac\n"
                       "            ;;\n    esac\n}}\n",
                       function_name(command), options, verbs, cases);
}

}  // namespace

std::string zsh_completion(const Command& root)
{
    std::string text = head;
    for (const Command* command : all_commands(root)) text += function(root, *command);
    return text + tail;
}

}  // namespace exchange::app
