#pragma once

#include "app/command_tree.hpp"
#include "app/config.hpp"

#include <string>
#include <vector>

// The manual: exchange(1), which also lists every setting, and a page for each verb with the verbs
// below it. Written in the man macros.
namespace exchange::app {

struct ManualPage {
    std::string file;  // "exchange-serve.1"
    std::string text;
};

// `edition` stands in the foot of each page, beside the date: "exchange 1.2.3".
struct ManualImprint {
    std::string edition;
    std::string date;
};

std::vector<ManualPage> manual_pages(const Command& root,
                                     const std::vector<EffectiveSetting>& settings,
                                     const ManualImprint& imprint);

}  // namespace exchange::app
