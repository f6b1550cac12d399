#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace exchange::app {

// Number of single-character edits between two words.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The path of the verb that was probably meant ("topics apply"), or nothing when none is near.
// Looks at the first word that is no verb of the command it stands in; `words` are the program's.
std::string suggest(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace exchange::app
