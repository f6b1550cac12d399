#include "sim/campaign.hpp"

#include <array>
#include <cstdlib>

namespace exchange::sim {
namespace {

// Counted by the world, but for the one that only ingest itself sees.
constexpr std::array sometimes{
    "append refused to a former layout",
    "append rolled back",
    "append uncertain",
    "append waited for its lane",
    "bundle stored again",
    "change of lanes given up",
    "change of lanes refused",
    "commit uncertain",
    "conflict answered",
    "copy in idempotent mode",
    "copy told by its sequence number",
    "fenced at produce",
    "fenced at the end of a transaction",
    "former owner refused",
    "halt, as injected",
    "hanging transaction repaired",
    "kafka crash",
    "key held",
    "kill",
    "lane refused to a former layout",
    "lanes changed",
    "late marker",
    "lease given back",
    "lease lost",
    "lease taken from an owner that believes in it",
    "left in order",
    "log emptied by retention",
    "lost marker",
    "open transaction aborted by its successor",
    "paused beyond the lease",
    "plan finished by a later owner",
    "planned bundles moved",
    "postgres crash",
    "quarantine",
    "repeat answered",
    "repeat waited for its first",
    "row passed over by its tail",
    "takeover",
    "transaction aborted",
    "transaction committed",
    "transaction timed out",
};

// The value of a series without labels in the text format.
std::uint64_t value_of(const obs::Metrics& metrics, const std::string& series)
{
    const std::string text = metrics.expose();
    const std::size_t line = text.find("\n" + series + " ");
    if (line == std::string::npos) return 0;
    return static_cast<std::uint64_t>(
        std::strtod(text.c_str() + line + series.size() + 2, nullptr));
}

}  // namespace

Campaign run_campaign(const CampaignTerms& terms)
{
    Instruments instruments;
    Campaign campaign;
    for (std::uint64_t at = 0; at < terms.seeds; ++at) {
        RunTerms run;
        run.seed = terms.first_seed + at;
        run.variant = terms.variant;
        const Outcome outcome = run_seed(run, instruments);
        ++campaign.seeds;
        campaign.violations += outcome.violations.size();
        campaign.bad_seeds += outcome.violations.empty() ? 0 : 1;
        for (const auto& [event, times] : outcome.counters)
            campaign.counters[std::string{event}] += times;
        if (terms.on_seed) terms.on_seed(outcome);
    }
    campaign.counters["repeat waited for its first"] =
        value_of(instruments.registry, "exchange_ingest_waited_repeats_total");
    return campaign;
}

std::vector<std::string> never_seen(const Campaign& campaign)
{
    std::vector<std::string> missing;
    for (const char* event : sometimes) {
        const auto found = campaign.counters.find(event);
        if (found == campaign.counters.end() || found->second == 0) missing.emplace_back(event);
    }
    return missing;
}

}  // namespace exchange::sim
