#include "app/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace exchange::app {
namespace {

constexpr const char* head = R"(# Completes exchange in fish. Written by `exchange completion fish`.

# Whether the words before the cursor lead to this verb.
function __exchange_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l verb ''
    set -l value no
    for word in $words
        if test $value = yes
            set value no
)";

constexpr const char* tail = R"(                    set verb "$verb $word"
            end
        end
    end
    test "$verb" = "$argv[1]"
end

complete -c exchange -f
)";

std::string quoted(const std::string& text)
{
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string values_of(const CommandOption& option)
{
    if (option.takes_file()) return " -r -F";
    if (!option.choices.empty()) return fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
    return option.value.empty() ? "" : " -x";
}

std::string completion(const std::string& place, const CommandOption& option)
{
    if (!option.argument.empty()) {
        if (option.takes_file()) return fmt::format("complete -c exchange{} -F\n", place);
        if (option.choices.empty()) return {};
        return fmt::format("complete -c exchange{} -a '{}'\n", place,
                           fmt::join(option.choices, " "));
    }
    std::string names;
    for (const std::string& name : option.names)
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    return fmt::format("complete -c exchange{}{}{} -d {}\n", place, names, values_of(option),
                       quoted(option.description));
}

}  // namespace

std::string fish_completion(const Command& root)
{
    std::vector<std::string> valued, verbs;
    std::string lines;
    for (const Command* command : all_commands(root)) {
        const bool is_root = command->path.empty();
        const std::string here =
            fmt::format(" -n {}", quoted("__exchange_at '" + path_text(*command, " ") + "'"));
        if (!is_root) verbs.push_back(quoted(path_text(*command, " ")));
        for (const Command& verb : command->verbs)
            lines += fmt::format("complete -c exchange{} -a {} -d {}\n", here, verb.path.back(),
                                 quoted(verb.description));
        for (const CommandOption& option : command->options) {
            // What every verb has is told once, for the program.
            if (!is_root && option.names == root.options.front().names) continue;
            lines += completion(is_root ? "" : here, option);
            if (!option.value.empty())
                valued.insert(valued.end(), option.names.begin(), option.names.end());
        }
    }
    return fmt::format("{}        else if contains -- $word {}\n            set value yes\n"
                       "        else\n            switch \"$verb $word\"\n                case {}\n"
                       "{}{}",
                       head, fmt::join(valued, " "), fmt::join(verbs, " "), tail, lines);
}

}  // namespace exchange::app
