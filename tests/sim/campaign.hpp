#pragma once

#include "sim/run.hpp"

// Many seeds, and what they must have met between them.
namespace exchange::sim {

struct CampaignTerms {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 1;
    Variant variant = Variant::none;
    // Called after each seed.
    std::function<void(const Outcome&)> on_seed;
};

struct Campaign {
    std::uint64_t seeds = 0;
    std::uint64_t violations = 0;
    std::uint64_t bad_seeds = 0;
    std::map<std::string, std::uint64_t, std::less<>> counters;
};

Campaign run_campaign(const CampaignTerms& terms);

// What a campaign should have seen and never did: it proves less than it seems to.
std::vector<std::string> never_seen(const Campaign& campaign);

}  // namespace exchange::sim
