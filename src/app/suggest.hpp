#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace exchange::app {

// Number of single-character edits between two words.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The verb nearest to an unknown word, or nothing when none is near or the word is a verb.
std::string suggest(const CLI::App& app, const std::string& word);

}  // namespace exchange::app
