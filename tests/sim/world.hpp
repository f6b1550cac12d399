#pragma once

#include "sim/plan.hpp"
#include "sim/timeline.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// What every part of one simulated run shares: chance, time, and what was seen.
namespace exchange::sim {

class World {
public:
    World(std::uint64_t seed_, Variant variant, bool printing)
        : seed{seed_}, dice{seed_}, plan{draw_plan(dice, variant)}, printing_{printing}
    {
    }

    const std::uint64_t seed;
    Dice dice;
    const Plan plan;
    Timeline timeline;

    // True from the end of the busy time on: nothing fails any more, and everything must come to
    // its end.
    bool calm = false;

    // Something that a campaign must have seen at least once.
    void count(std::string_view event) { ++counters_[event]; }

    // A promise that was not kept. The run goes on: what follows from it is seen too.
    void violated(std::string what);

    // One step of the run; its hash tells two runs apart.
    void trace(std::string_view what, std::int64_t one = 0, std::int64_t other = 0);

    const std::vector<std::string>& violations() const { return violations_; }
    const std::map<std::string_view, std::uint64_t>& counters() const { return counters_; }
    std::uint64_t hash() const { return hash_; }

private:
    std::vector<std::string> violations_;
    std::map<std::string_view, std::uint64_t> counters_;
    std::uint64_t hash_ = 0xcbf29ce484222325;
    bool printing_;
};

}  // namespace exchange::sim
