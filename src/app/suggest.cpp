#include "app/suggest.hpp"

#include <algorithm>

namespace exchange::app {
namespace {

using Verbs = std::vector<const CLI::App*>;

Verbs verbs_of(const CLI::App& command)
{
    return command.get_subcommands([](const CLI::App*) { return true; });
}

// Whether the word after this option is its value. Options of the program stand at every place.
bool takes_next(const CLI::App& app, const CLI::App& command, const std::string& word)
{
    const CLI::Option* option = command.get_option_no_throw(word);
    if (!option) option = app.get_option_no_throw(word);
    return option && option->get_items_expected_max() > 0;
}

std::string nearest(const Verbs& verbs, const std::string& word)
{
    std::string name;
    std::size_t best = 3;
    for (const CLI::App* verb : verbs) {
        const std::size_t distance = edit_distance(word, verb->get_name());
        if (distance >= best) continue;
        best = distance;
        name = verb->get_name();
    }
    return name;
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right)
{
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t at = 0; at < row.size(); ++at) row[at] = at;
    for (std::size_t line = 1; line <= left.size(); ++line) {
        std::size_t diagonal = row[0];
        row[0] = line;
        for (std::size_t at = 1; at < row.size(); ++at) {
            const std::size_t replaced = diagonal + (left[line - 1] == right[at - 1] ? 0 : 1);
            diagonal = row[at];
            row[at] = std::min({replaced, row[at] + 1, row[at - 1] + 1});
        }
    }
    return row.back();
}

std::string suggest(const CLI::App& app, const std::vector<std::string>& words)
{
    const CLI::App* command = &app;
    std::string path;
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (words[at].starts_with('-')) {
            if (takes_next(app, *command, words[at])) ++at;
            continue;
        }
        const Verbs verbs = verbs_of(*command);
        // What follows a verb with none below it are its arguments.
        if (verbs.empty()) return {};
        const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const CLI::App* verb) {
            return verb->get_name() == words[at];
        });
        if (found == verbs.end()) {
            const std::string near = nearest(verbs, words[at]);
            return near.empty() ? near : path + near;
        }
        command = *found;
        path += words[at] + " ";
    }
    return {};
}

}  // namespace exchange::app
