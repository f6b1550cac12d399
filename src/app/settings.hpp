#pragma once

#include "app/config.hpp"

#include <functional>
#include <string>
#include <vector>

namespace exchange::app {

// One setting: its name in the environment, and in the TOML file the same in lower case.
struct Setting {
    std::string name;
    std::string fallback;
    std::string description;
    bool secret = false;
    // Puts a value into place; throws ConfigError.
    std::function<void(Config&, const std::string&)> apply;
};

// Every setting there is, in the order of the reference.
std::vector<Setting> all_settings();

}  // namespace exchange::app
