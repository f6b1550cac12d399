#pragma once

#include "reconcile/reconcile.hpp"

namespace exchange::reconcile {

// What can be done about a report: append missing events again, sweep orphans, and know from then
// on what stands in the log and cannot be undone.
struct RepairPlan {
    std::size_t republish = 0;
    std::size_t sweep = 0;
    std::size_t mark_known = 0;
    // Differences that only an operator can judge.
    std::size_t left = 0;
};

RepairPlan plan_repair(const Findings& findings);

struct RepairTerms {
    // Of the report.
    outbox::Layout layout;
    // Of the marks of orphans, see sweep.hpp.
    std::chrono::seconds grace{};
    std::string actor;
    std::string reason;
};

struct RepairOutcome {
    std::size_t republished = 0;
    // Missing events whose raw bytes are nowhere.
    std::size_t not_republished = 0;
    // By us: the service's sweeper may have been faster.
    std::size_t swept = 0;
    // Orphans of the report whose marks' grace is not over.
    std::size_t orphans_left = 0;
    std::size_t marked_known = 0;
    // Counted in the report, and more than it names: they need another run.
    std::size_t unnamed = 0;
};

// Nothing of the report is left to do.
bool all_repaired(const RepairPlan& plan, const RepairOutcome& outcome);

// Only appends missing events again.
boost::asio::awaitable<RepairOutcome> republish_missing(pg::Session& session,
                                                        objects::RawStore& store,
                                                        const Findings& findings,
                                                        RepairTerms terms);

// Each step can be repeated and stopped at any point: what is done is not found again.
boost::asio::awaitable<RepairOutcome> repair(pg::Session& session, objects::RawStore& store,
                                             const Findings& findings, RepairTerms terms);

}  // namespace exchange::reconcile
