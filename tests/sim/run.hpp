#pragma once

#include "sim/process.hpp"

// One seed from beginning to end.
namespace exchange::sim {

struct Outcome {
    std::uint64_t seed = 0;
    std::vector<std::string> violations;
    std::map<std::string_view, std::uint64_t> counters;
    // Equal for two runs of one seed.
    std::uint64_t trace_hash = 0;
};

struct RunTerms {
    std::uint64_t seed = 0;
    Variant variant = Variant::none;
    bool printing = false;
};

Outcome run_seed(RunTerms terms, Instruments& instruments);

}  // namespace exchange::sim
