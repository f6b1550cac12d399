#include "app/reconcile_output.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace exchange::app {

namespace {

namespace json = boost::json;

constexpr std::size_t examples_in_json = 100;
constexpr std::size_t examples_in_text = 3;

json::object totals_json(const reconcile::Report& report)
{
    return {{"rows", report.log.rows},
            {"log_records", report.log.logged},
            {"matched", report.log.matched},
            {"pending", report.log.pending},
            {"passed_over", report.log.passed_over},
            {"expired_in_log", report.log.expired},
            {"dropped_from_outbox", report.log.dropped},
            {"forgotten_by_a_restore", report.log.forgotten},
            {"bundles", report.store.bundles},
            {"objects", report.store.objects},
            {"objects_not_published_yet", report.store.open},
            {"bundles_not_stored_yet", report.store.unstored},
            {"young_orphans", report.store.young_orphans},
            {"bundles_in_other_stores", report.store.other_stores}};
}

json::object conservation_json(const reconcile::Report& report)
{
    const outbox::LaneConservation all = outbox::total(report.conservation);
    return {{"accepted", all.accepted},   {"published", all.published},
            {"pending", all.pending},     {"quarantined", all.quarantined},
            {"discarded", all.discarded}, {"difference", all.difference()}};
}

json::object found_json(const reconcile::Report& report, const reconcile::KindInfo& kind)
{
    json::array examples;
    for (const reconcile::Finding& finding : report.findings.of(kind.kind)) {
        if (examples.size() >= examples_in_json) break;
        examples.push_back(json::object{{"subject", finding.subject}, {"detail", finding.detail}});
    }
    return {{"kind", kind.name},
            {"meaning", kind.meaning},
            {"count", report.findings.count(kind.kind)},
            {"known", report.findings.known(kind.kind)},
            {"examples", std::move(examples)}};
}

}  // namespace

json::object report_json(const reconcile::Report& report)
{
    json::array found;
    for (const reconcile::KindInfo& kind : reconcile::kinds)
        if (report.findings.count(kind.kind) + report.findings.known(kind.kind) > 0)
            found.push_back(found_json(report, kind));
    return {{"differences", report.findings.total()},
            {"found", std::move(found)},
            {"totals", totals_json(report)},
            {"conservation", conservation_json(report)},
            {"seconds", report.seconds}};
}

json::object plan_json(const reconcile::RepairPlan& plan)
{
    return {{"republish", plan.republish},
            {"sweep", plan.sweep},
            {"mark_known", plan.mark_known},
            {"left_to_you", plan.left}};
}

json::object outcome_json(const reconcile::RepairOutcome& outcome)
{
    return {{"republished", outcome.republished},
            {"without_raw_bytes", outcome.not_republished},
            {"swept", outcome.swept},
            {"orphans_left", outcome.orphans_left},
            {"marked_known", outcome.marked_known},
            {"unnamed", outcome.unnamed}};
}

void print_report(const reconcile::Report& report)
{
    const outbox::LaneConservation all = outbox::total(report.conservation);
    fmt::print("accepted {} = published {} + pending {} + quarantined {} + discarded {}{}\n",
               all.accepted, all.published, all.pending, all.quarantined, all.discarded,
               all.difference() == 0 ? std::string{} : fmt::format(" + {}", all.difference()));
    fmt::print("outbox   {} rows against {} records of the log: {} match, {} pending, {} passed "
               "over, {} expired in the log, {} dropped from the outbox\n",
               report.log.rows, report.log.logged, report.log.matched, report.log.pending,
               report.log.passed_over, report.log.expired, report.log.dropped);
    if (report.log.forgotten > 0)
        fmt::print("         {} records of the log are not in this database: it was restored\n",
                   report.log.forgotten);
    fmt::print("bundles  {} against {} objects: {} not planned yet, {} orphans within the grace\n",
               report.store.bundles, report.store.objects, report.store.open,
               report.store.young_orphans);
    for (const reconcile::KindInfo& kind : reconcile::kinds) {
        const std::size_t count = report.findings.count(kind.kind);
        const std::size_t known = report.findings.known(kind.kind);
        if (count + known == 0) continue;
        fmt::print("\n{:<16} {:>8}  {}{}\n", kind.name, count, kind.meaning,
                   known > 0 ? fmt::format(" ({} more are known)", known) : std::string{});
        std::size_t shown = 0;
        for (const reconcile::Finding& finding : report.findings.of(kind.kind)) {
            if (shown++ >= examples_in_text) break;
            fmt::print("                 {}: {}\n", finding.subject, finding.detail);
        }
        if (count > examples_in_text)
            fmt::print("                 and {} more\n", count - examples_in_text);
    }
    fmt::print("\n{} differences, {:.1f} s\n", report.findings.total(), report.seconds);
}

void print_plan(const reconcile::RepairPlan& plan)
{
    fmt::print("\nRepair would\n"
               "  append {} missing events again, each under its event id\n"
               "  mark orphans, and remove those whose mark is older than the grace ({} found)\n"
               "  remember {} findings in the log as known: nothing there can be undone\n"
               "  leave {} differences to you\n",
               plan.republish, plan.sweep, plan.mark_known, plan.left);
}

void print_outcome(const reconcile::RepairOutcome& outcome)
{
    fmt::print("\nDone\n"
               "  {} events appended again, {} have no raw bytes any more\n"
               "  {} orphans removed, {} marked and waiting\n"
               "  {} findings are known from now on\n",
               outcome.republished, outcome.not_republished, outcome.swept, outcome.orphans_left,
               outcome.marked_known);
    if (outcome.unnamed > 0)
        fmt::print("  {} findings are more than one report names: repair again\n", outcome.unnamed);
}

}  // namespace exchange::app
