#pragma once

#include "app/command_tree.hpp"

#include <string>

// Completions of the command line as text of each shell. Descriptions are shown where the shell can
// (zsh, fish); options that take a file complete names of files, and those of a set its members.
namespace exchange::app {

std::string bash_completion(const Command& root);
std::string zsh_completion(const Command& root);
std::string fish_completion(const Command& root);

}  // namespace exchange::app
