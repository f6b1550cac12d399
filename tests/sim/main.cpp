#include "sim/campaign.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

// ./dev sim: exit status 0 only when nothing was violated and enough was seen.
namespace exchange::sim {
namespace {

// With fewer seeds something rare may well not have come up.
constexpr std::uint64_t seeds_that_see_everything = 2000;

void report(const Outcome& outcome)
{
    for (const std::string& violation : outcome.violations)
        fmt::print("seed {}: {}\n", outcome.seed, violation);
    if (!outcome.violations.empty()) std::fflush(stdout);
}

int replay(std::uint64_t seed, Variant variant)
{
    Instruments instruments;
    RunTerms terms;
    terms.seed = seed;
    terms.variant = variant;
    terms.printing = true;
    const Outcome outcome = run_seed(terms, instruments);
    for (const auto& [event, times] : outcome.counters) fmt::print("{:>8} {}\n", times, event);
    report(outcome);
    fmt::print("sim: 1 seed, trace {:016x}, {} violations\n", outcome.trace_hash,
               outcome.violations.size());
    return outcome.violations.empty() ? 0 : 1;
}

int run_many(const CampaignTerms& terms)
{
    const auto started = std::chrono::steady_clock::now();
    const Campaign campaign = run_campaign(terms);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    for (const auto& [event, times] : campaign.counters) fmt::print("{:>10} {}\n", times, event);
    std::vector<std::string> missing;
    if (campaign.seeds >= seeds_that_see_everything && terms.variant == Variant::none)
        missing = never_seen(campaign);
    for (const std::string& event : missing) fmt::print("never seen: {}\n", event);
    fmt::print("sim: {} seeds from {} in {:.0f} s ({:.0f} a minute), {} counters, {} never seen, "
               "{} violations in {} seeds\n",
               campaign.seeds, terms.first_seed, took.count(),
               60 * static_cast<double>(campaign.seeds) / took.count(), campaign.counters.size(),
               missing.size(), campaign.violations, campaign.bad_seeds);
    return campaign.violations == 0 && missing.empty() ? 0 : 1;
}

Variant variant_named(const std::string& name)
{
    for (const Variant variant : all_variants)
        if (name_of(variant) == name) return variant;
    throw CLI::ValidationError{"--variant", "there is no variant " + name};
}

}  // namespace
}  // namespace exchange::sim

int main(int argc, char** argv)
{
    using namespace exchange::sim;
    CLI::App app{"Relay and ingest in a simulated world."};
    CampaignTerms terms;
    std::string variant = "none";
    app.add_option("--seeds", terms.seeds, "how many; 1 prints every step")
        ->check(CLI::PositiveNumber);
    app.add_option("--seed", terms.first_seed, "the first of them");
    app.add_option("--variant", variant, "a protocol that is broken on purpose");
    try {
        app.parse(argc, argv);
        terms.variant = variant_named(variant);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong);
    }
    if (terms.seeds == 1) return replay(terms.first_seed, terms.variant);
    terms.on_seed = report;
    return run_many(terms);
}
