#include "app/suggest.hpp"

#include <algorithm>
#include <vector>

namespace exchange::app {

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

std::string suggest(const CLI::App& app, const std::string& word)
{
    std::string nearest;
    std::size_t best = 3;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        const std::size_t distance = edit_distance(word, verb->get_name());
        if (distance == 0) return {};
        if (distance >= best) continue;
        best = distance;
        nearest = verb->get_name();
    }
    return nearest;
}

}  // namespace exchange::app
