#include "app/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace exchange::app {
namespace {

constexpr const char* head = R"(# Completes exchange in bash. Written by `exchange completion bash`.

_exchange() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local verb='' words='' options='' files=no i
    # --option=value comes as three words.
    if [[ $word == '=' ]]; then
        word=''
    elif [[ $before == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
)";

constexpr const char* tail = R"(    if [[ $word == -* || (-z $words && $files == no) ]]; then
        words=$options files=no
    fi
    if [[ $files == yes ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    fi
}

complete -F _exchange exchange
)";

// Patterns of `case "$verb $before"`; those of the program's own options fit every verb.
std::vector<std::string> patterns(const Command& command, const CommandOption& option)
{
    std::vector<std::string> all;
    for (const std::string& name : option.names)
        all.push_back(fmt::format("{}'{} {}'", command.path.empty() ? "*" : "",
                                  path_text(command, " "), name));
    return all;
}

std::string value_case(const Command& command, const CommandOption& option)
{
    std::string does = ":";
    if (option.takes_file()) does = "files=yes";
    else if (!option.choices.empty())
        does = fmt::format("words='{}'", fmt::join(option.choices, " "));
    return fmt::format("        {}) {} ;;\n", fmt::join(patterns(command, option), " | "), does);
}

std::string place_case(const Command& root, const Command& command)
{
    std::vector<std::string> words, options;
    bool files = false;
    for (const Command& verb : command.verbs) words.push_back(verb.path.back());
    for (const CommandOption& option : options_at(root, command)) {
        options.insert(options.end(), option.names.begin(), option.names.end());
        if (option.argument.empty()) continue;
        files |= option.takes_file();
        words.insert(words.end(), option.choices.begin(), option.choices.end());
    }
    return fmt::format("                '{}') words='{}' options='{}'{} ;;\n",
                       path_text(command, " "), fmt::join(words, " "), fmt::join(options, " "),
                       files ? " files=yes" : "");
}

}  // namespace

std::string bash_completion(const Command& root)
{
    std::string values, places;
    std::vector<std::string> valued, verbs;
    for (const Command* command : all_commands(root)) {
        if (!command->path.empty()) verbs.push_back("'" + path_text(*command, " ") + "'");
        places += place_case(root, *command);
        for (const CommandOption& option : command->options) {
            if (option.value.empty() || option.names.empty()) continue;
            values += value_case(*command, option);
            valued.insert(valued.end(), option.names.begin(), option.names.end());
        }
    }
    return fmt::format("{}"
                       "        case ${{COMP_WORDS[i - 1]}} in\n            {}) continue ;;\n"
                       "        esac\n"
                       "        case \"$verb ${{COMP_WORDS[i]}}\" in\n            {})\n"
                       "                verb+=\" ${{COMP_WORDS[i]}}\" ;;\n        esac\n    done\n"
                       "    case \"$verb $before\" in\n{}        *)\n            case $verb in\n{}"
                       "            esac\n            ;;\n    esac\n{}",
                       head, fmt::join(valued, " | "), fmt::join(verbs, " | "), values, places,
                       tail);
}

}  // namespace exchange::app
